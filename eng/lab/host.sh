#!/usr/bin/env bash
# Boots one host: its own control groups, an overlay on the shared Debian root, the mounts of a real machine, systemd.
# Runs as the first process of the host's pid, mount, uts and ipc namespaces, in its network namespace.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
name=$1
disk=$lab_state/hosts/$name
mount --make-rprivate /

if [ "${2:-}" != grouped ]; then
    # A group of its own in every hierarchy, then a control-group namespace that starts there.
    for folder in /sys/fs/cgroup/*/; do
        [ -e "$folder/cgroup.procs" ] && [ ! -e /sys/fs/cgroup/cgroup.procs ] || continue
        group=$folder/$lab_mark-$name
        mkdir -p "$group"
        if [ -e "$group/cpuset.cpus" ] && [ -e "$group/cgroup.clone_children" ]; then
            cat "$folder/cpuset.cpus" >"$group/cpuset.cpus"
            cat "$folder/cpuset.mems" >"$group/cpuset.mems"
            echo 1 >"$group/cgroup.clone_children"
        fi
        echo $$ >"$group/cgroup.procs"
    done
    if [ -e /sys/fs/cgroup/cgroup.procs ]; then
        mkdir -p "/sys/fs/cgroup/$lab_mark-$name"
        echo $$ >"/sys/fs/cgroup/$lab_mark-$name/cgroup.procs"
    fi
    exec unshare --cgroup bash "$0" "$name" grouped
fi

mkdir -p "$disk"/{changes,work,root,sysctl,volumes}
root=$disk/root
mount -t overlay overlay -o "lowerdir=$lab_root,upperdir=$disk/changes,workdir=$disk/work" "$root"

hostname "$name"
echo "$name" >"$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 %s\n203.0.113.80 %s\n' "$name" "${lab_servers[*]}" >"$root/etc/hosts"
install -d -m 700 "$root/root/.ssh"
install -m 600 "$lab_state/key.pub" "$root/root/.ssh/authorized_keys"
install -m 600 "$disk/ssh_host_ed25519_key" "$root/etc/ssh/"
install -m 644 "$disk/ssh_host_ed25519_key.pub" "$root/etc/ssh/"

mount -t proc proc "$root/proc"
# Only net.* is a host's own. The rest of /proc/sys is the machine's: read-only, and what a bootstrap sets is shadowed by
# files of the host.
mount --bind "$root/proc/sys/net" "$root/mnt"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount --move "$root/mnt" "$root/proc/sys/net"
for key in vm/overcommit_memory vm/panic_on_oom vm/swappiness vm/max_map_count kernel/panic kernel/panic_on_oops \
    kernel/keys/root_maxkeys kernel/keys/root_maxbytes fs/inotify/max_user_watches fs/inotify/max_user_instances \
    fs/file-max fs/protected_fifos fs/protected_hardlinks fs/protected_regular fs/protected_symlinks; do
    [ -e "/proc/sys/$key" ] || continue
    shadow=$disk/sysctl/${key//\//.}
    [ -e "$shadow" ] || cat "/proc/sys/$key" >"$shadow"
    mount --bind "$shadow" "$root/proc/sys/$key"
done
[ ! -e "$root/proc/sysrq-trigger" ] || mount --bind /dev/null "$root/proc/sysrq-trigger"

mount -t sysfs sysfs "$root/sys"
if [ -e /sys/fs/cgroup/cgroup.procs ]; then
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
    mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
    mkdir "$root/sys/fs/cgroup/systemd"
    mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
    for group in cpu cpuacct cpuset memory devices freezer blkio pids; do
        mkdir "$root/sys/fs/cgroup/$group"
        mount -t cgroup -o "$group" cgroup "$root/sys/fs/cgroup/$group"
    done
fi

mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir -p "$root"/dev/{pts,shm,net}
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
for device in null zero full random urandom tty net/tun fuse; do
    [ -e "/dev/$device" ] || continue
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
for link in 0:stdin 1:stdout 2:stderr; do ln -s "fd/${link%:*}" "$root/dev/${link#*:}"; done
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir -p "$root"/run/{sshd,lock}
mount -t tmpfs tmpfs "$root/tmp"
# An overlay cannot lie on an overlay, and containerd makes some.
for folder in containerd kubelet; do
    mkdir -p "$disk/volumes/$folder" "$root/var/lib/$folder"
    mount --bind "$disk/volumes/$folder" "$root/var/lib/$folder"
done

cd "$root"
mkdir -p .old
pivot_root . .old
umount -l /.old
rmdir /.old 2>/dev/null || true
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root container=lab
exec setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio --inh-caps=-sys_time,-sys_module,-sys_rawio /sbin/init
