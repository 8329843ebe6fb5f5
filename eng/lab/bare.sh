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
    systemd-timesyncd.service dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
    systemd-modules-load.service kmod-static-nodes.service e2scrub_reap.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
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
