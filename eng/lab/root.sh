#!/usr/bin/env bash
# Makes what the hosts of the lab boot from, once: a bare Debian, and the packages that they can install from the lab's own
# mirror, since they have no way to the real Internet. Installs mmdebstrap and the like from Debian when they are missing.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"

suite=bookworm
bare=systemd,systemd-sysv,dbus,openssh-server,sudo,iproute2,iputils-ping,procps,kmod,ca-certificates,curl,gpgv,openssl
tools=python3,python3-yaml,ethtool,socat,tcpdump,iperf3
on_mirror="wireguard-tools wireguard-go openvpn nftables iptables conntrack ebtables containerd containernetworking-plugins
    systemd-timesyncd gnupg gpg jq busybox-static ipset ipvsadm apparmor apt-transport-https cryptsetup-bin"

missing=()
need() { command -v "$1" >/dev/null || missing+=("$2"); }
need mmdebstrap mmdebstrap
need ip iproute2
need nft nftables
need ssh openssh-client
need dpkg-scanpackages dpkg-dev
need gpg gnupg
if [ ${#missing[@]} -gt 0 ]; then
    echo "lab: installing ${missing[*]} from Debian"
    { apt-get install -y -q --no-install-recommends "${missing[@]}" ||
        { apt-get update -q && apt-get install -y -q --no-install-recommends "${missing[@]}"; }; } \
        >/tmp/spillway-lab-apt.log 2>&1 || fail "could not install ${missing[*]}: see /tmp/spillway-lab-apt.log"
fi

# The machine's own mirror where it is a Debian of the same suite.
sources=()
for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
    if grep -qs "$suite" "$file"; then sources=("$file"); break; fi
done

mkdir -p "$lab_cache"
exec 9>"$lab_cache/lock"
flock 9
if [ ! -d "$lab_root" ]; then
    echo "lab: making a Debian root in $lab_root (two or three minutes, once)"
    rm -rf "$lab_root".*
    mkdir -p "$lab_root.debs"
    export lab_debs=$lab_root.debs lab_authority on_mirror
    mmdebstrap --variant=minbase --include="$bare,$tools" \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --customize-hook='APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get --yes --download-only --no-install-recommends \
            install $on_mirror && cp "$1"/var/cache/apt/archives/*.deb "$lab_debs"/' \
        --customize-hook="$lab_code/bare.sh \"\$1\"" \
        "$suite" "$lab_root.new" ${sources[@]+"${sources[@]}"} >"$lab_root.log" 2>&1 ||
        fail "mmdebstrap failed: see $lab_root.log"
    mv "$lab_root.new" "$lab_root"
fi
if [ ! -d "$lab_packages" ]; then
    rm -rf "$lab_packages".new
    "$lab_code/packages.sh" "$lab_packages.new" >"$lab_packages.log" 2>&1 ||
        fail "could not make the package mirror: see $lab_packages.log"
    mv "$lab_packages.new" "$lab_packages"
fi
