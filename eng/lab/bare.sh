#!/usr/bin/env bash
# The last touches to the lab's Debian root, given as $1: what an image of a cloud has, and what the lab needs.
set -euo pipefail
root=$1
rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/* "$root/etc/resolv.conf"
rm -f "$root"/var/cache/apt/archives/*.deb
mkdir -p "$root/run/sshd" "$root/root/.ssh" "$root/etc/apt/keyrings" "$root/srv/packages"
chmod 700 "$root/root/.ssh"
echo 'deb [trusted=yes] http://packages.lab/debian ./' >"$root/etc/apt/sources.list.d/lab.list"
printf 'Acquire::Languages "none";\n' >"$root/etc/apt/apt.conf.d/90lab"
# Nobody logs in but by ssh, and what cannot run in namespaces would only leave units failed.
for unit in getty.target console-getty.service systemd-udevd.service systemd-udev-trigger.service \
    dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
    systemd-modules-load.service kmod-static-nodes.service e2scrub_reap.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
# The clock is the machine's: timesyncd may run and ask, but not set it.
mkdir -p "$root/etc/systemd/system/systemd-timesyncd.service.d"
printf '[Unit]\nConditionVirtualization=\nConditionCapability=\n[Service]\nAmbientCapabilities=\n' \
    >"$root/etc/systemd/system/systemd-timesyncd.service.d/lab.conf"
# The mirror answers for the makers' package servers too, by certificates of an authority that the hosts trust.
mkdir -p "$lab_authority"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj '/CN=Spillway lab' \
    -keyout "$lab_authority/ca.key" -out "$lab_authority/ca.crt" 2>/dev/null
cp "$lab_authority/ca.crt" "$root/usr/local/share/ca-certificates/spillway-lab.crt"
chroot "$root" update-ca-certificates >/dev/null 2>&1
# Kernels of the lab's machine have what they have: a module is there when it is built in.
cat >"$root/usr/local/sbin/modprobe" <<'SHIM'
#!/bin/sh
# The lab's stand-in for modprobe: hosts in namespaces load no modules. It notes what was asked for, and says no to what
# the machine's kernel does not have.
echo "$*" >>/var/log/modprobe
for module in "$@"; do
    case "$module" in
        -*) continue ;;
        wireguard) exec ip link add dev lab-probe type wireguard 2>/dev/null ;;
    esac
done
SHIM
chmod 755 "$root/usr/local/sbin/modprobe"
chroot "$root" systemctl enable ssh.service >/dev/null 2>&1
