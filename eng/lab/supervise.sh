#!/usr/bin/env bash
# The lab's first process: makes the network, serves packages, boots the hosts, and boots them again after a reboot.
#
#   internet   bridge 203.0.113.1/24; control .10 and cloud-1 .20 on it, packages on .80
#   gateway    203.0.113.50 on the internet, NAT, bridge 192.168.50.1/24; office-1 .11 and office-2 .12 on it
#
# Everything is in network namespaces of the lab; the machine's own gets no interface, no route and no rule.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p "$lab_run" /run/netns

bridge() {
    ip netns add "$1"
    ip -n "$1" link set lo up
    # Its own address: a bridge otherwise takes one of its ports', and changes it when a host reboots. Frames to the old
    # one flood, and what floods past the filters is tracked there without its NAT.
    ip -n "$1" link add "$2" address "$4" type bridge
    ip -n "$1" addr add "$3" dev "$2"
    ip -n "$1" link set "$2" up
}

# plug NAMESPACE INTERFACE ADDRESS/PREFIX BRIDGE-NAMESPACE BRIDGE
plug() {
    ip -n "$1" link add "$2" type veth peer name "v-$1" netns "$4"
    ip -n "$4" link set "v-$1" master "$5" up
    ip -n "$1" addr add "$3" dev "$2"
    ip -n "$1" link set "$2" up
}

network() {
    bridge internet br-internet 203.0.113.1/24 02:00:cb:00:71:01
    ip -n internet addr add 203.0.113.80/24 dev br-internet
    bridge gateway br-lan 192.168.50.1/24 02:00:c0:a8:32:01
    plug gateway wan 203.0.113.50/24 internet br-internet
    ip -n gateway route add default via 203.0.113.1
    # Faults are rules in the routers: let packets that only cross a bridge pass them too.
    local router
    for router in internet gateway; do
        nsenter --net=/run/netns/$router sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1
    done
    nsenter --net=/run/netns/gateway nft -f - <<'RULES'
table ip nat {
    chain postrouting {
        type nat hook postrouting priority srcnat
        oifname "wan" masquerade
    }
}
table ip filter {
    chain forward {
        type filter hook forward priority filter; policy drop
        ct state established,related accept
        iifname != "wan" accept
    }
}
RULES
}

# A boot is a new network namespace too: a reboot loses every interface, route and rule that nobody made permanent.
boot() {
    local name=$1 router
    router=$(lab_router "$name")
    ip netns del "$name" 2>/dev/null || true
    ip -n "$router" link del "v-$name" 2>/dev/null || true
    ip netns add "$name"
    ip -n "$name" link set lo up
    if [ "$router" = gateway ]; then
        plug "$name" eth0 "$(lab_address "$name")/24" gateway br-lan
        ip -n "$name" route add default via 192.168.50.1
    else
        plug "$name" eth0 "$(lab_address "$name")/24" internet br-internet
        ip -n "$name" route add default via 203.0.113.1
    fi
    # Only the host's own first process stays: the kernel ends it by SIGHUP on reboot and by SIGINT on power-off.
    nsenter --net="/run/netns/$name" unshare --mount --uts --ipc --pid --fork --kill-child \
        bash "$lab_code/host.sh" "$name" >>"$lab_state/hosts/$name/log" 2>&1 </dev/null &
    local runner=$! init=
    while [ -z "$init" ] && kill -0 "$runner" 2>/dev/null; do
        init=$(cat "/proc/$runner/task/$runner/children" 2>/dev/null) || true
        sleep 0.02
    done
    echo "${init%% *}" >"$lab_run/$name.init"
    wait "$runner"
}

keep() {
    local name=$1 code
    while true; do
        code=0
        boot "$name" || code=$?
        echo "$name ended with $code"
        # Powered off stays off.
        [ "$code" != 130 ] || return 0
        sleep 0.2
    done
}

network
mount --bind "$lab_packages" "$lab_root/srv/packages"
nsenter --net=/run/netns/internet chroot "$lab_root" \
    python3 - <"$lab_code/serve_packages.py" >"$lab_state/packages.log" 2>&1 &
for name in "${lab_hosts[@]}"; do keep "$name" & done
wait
