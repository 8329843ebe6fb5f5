#!/usr/bin/env bash
# Puts faults in and takes them out. Runs within the lab's namespaces: faults.sh break FAULT [HOST], faults.sh mend
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
noted=$lab_state/faults

catalogue() {
    cat <<'LIST'
wrong-key          the host knows the control plane by another key
blocked-port       the router in front of the host drops its tunnel's packets
wrong-allowed-ips  the host sends nothing into its tunnel to the control plane
mtu-black-hole     the router drops packets over 1200 bytes and says nothing
rp-filter          the host drops packets whose way back is another (strict, on all interfaces)
wrong-node-ip      the kubelet registers the address of the network card instead of the tunnel's
stale-route        the way to the control plane's overlay address leaves by the network card
LIST
}

on() { # HOST COMMAND...: as root on a host, without ssh
    local init
    init=$(cat "$lab_run/$1.init")
    nsenter --target "$init" --mount --uts --ipc --net --pid -- "${@:2}"
}

router() { nsenter --net="/run/netns/$(lab_router "$1")" "${@:2}"; }

device() { on "$1" wg show interfaces | tr ' ' '\n' | head -1 | grep . || fail "$1 has no WireGuard interface yet"; }

key_of() { on "$1" wg show "$(device "$1")" public-key; }

overlay_address() { on "$1" ip -4 -o address show dev "$(device "$1")" | awk '{ sub("/.*", "", $4); print $4; exit }'; }

# The peer that the fault is about: the control plane, or the first office for the control plane itself.
other_end() { if [ "$1" = control ]; then echo office-1; else echo control; fi; }

put_in() {
    local fault=$1 host=$2 interface other address
    address=$(lab_address "$host")
    case "$fault" in
        blocked-port | mtu-black-hole) ;;
        *)
            interface=$(device "$host")
            other=$(other_end "$host")
            ;;
    esac
    case "$fault" in
        wrong-key)
            local allowed endpoint
            allowed=$(on "$host" wg show "$interface" allowed-ips | awk -v k="$(key_of "$other")" \
                '$1 == k { $1 = ""; gsub(" ", ","); print substr($0, 2) }')
            endpoint=$(on "$host" wg show "$interface" endpoints | awk -v k="$(key_of "$other")" '$1 == k { print $2 }')
            on "$host" wg set "$interface" peer "$(key_of "$other")" remove
            on "$host" sh -c 'wg set "$1" peer "$(wg genkey | wg pubkey)" endpoint "$2" allowed-ips "$3" \
                persistent-keepalive 5' set "$interface" "$endpoint" "$allowed"
            ;;
        blocked-port)
            router "$host" nft -f - <<RULES
table ip fault-$host {
    chain forward {
        type filter hook forward priority filter - 10
        ip saddr $address udp dport 51820 drop
        ip daddr $address udp sport 51820 drop
        ip saddr $address udp sport 51820 drop
        ip daddr $address udp dport 51820 drop
    }
}
RULES
            ;;
        wrong-allowed-ips)
            on "$host" wg set "$interface" peer "$(key_of "$other")" allowed-ips 10.199.0.0/24
            ;;
        mtu-black-hole)
            router "$host" nft -f - <<RULES
table ip fault-$host {
    chain forward {
        type filter hook forward priority filter - 10
        ip saddr $address ip length > 1200 drop
        ip daddr $address ip length > 1200 drop
    }
}
RULES
            ;;
        rp-filter)
            on "$host" sysctl -qw net.ipv4.conf.all.rp_filter=1 "net.ipv4.conf.${interface//.//}.rp_filter=1"
            ;;
        wrong-node-ip)
            on "$host" sed -i.mended -E "s/(--node-ip=)[0-9.]+/\1$address/" /var/lib/kubelet/kubeadm-flags.env
            on "$host" grep -q -- "--node-ip=$address" /var/lib/kubelet/kubeadm-flags.env || {
                # Where the address is said elsewhere, the last one counts.
                on "$host" sh -c 'touch /etc/default/kubelet; cp /etc/default/kubelet /etc/default/kubelet.mended
                    echo "KUBELET_EXTRA_ARGS=--node-ip=$1" >>/etc/default/kubelet' set "$address"
            }
            on "$host" systemctl restart kubelet
            ;;
        stale-route)
            on "$host" ip route replace "$(overlay_address "$other")/32" dev eth0
            ;;
        *) catalogue >&2; exit 2 ;;
    esac
    echo "$fault $host" >>"$noted"
    echo "lab: put in $fault on $host; ./lab mend takes it out"
}

take_out() {
    local fault=$1 host=$2 interface
    case "$fault" in
        blocked-port | mtu-black-hole) router "$host" nft delete table ip "fault-$host" 2>/dev/null || true ;;
        wrong-key | wrong-allowed-ips) on "$host" systemctl restart "wg-quick@$(device "$host")" ;;
        rp-filter)
            interface=$(device "$host")
            on "$host" sysctl -qw net.ipv4.conf.all.rp_filter=2 "net.ipv4.conf.${interface//.//}.rp_filter=2"
            on "$host" /lib/systemd/systemd-sysctl || true
            ;;
        wrong-node-ip)
            on "$host" sh -c 'for file in /var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet; do
                [ ! -e "$file.mended" ] || mv "$file.mended" "$file"; done'
            on "$host" systemctl restart kubelet
            ;;
        stale-route) on "$host" ip route del "$(overlay_address "$(other_end "$host")")/32" dev eth0 || true ;;
    esac
    echo "lab: took $fault out of $host"
}

case "${1:-}" in
    break)
        [ $# -ge 2 ] || { catalogue; exit 0; }
        lab_address "${3:-office-1}" >/dev/null || fail "no host $3: ${lab_hosts[*]}"
        put_in "$2" "${3:-office-1}"
        ;;
    mend)
        [ -s "$noted" ] || { echo "lab: no fault is in"; exit 0; }
        while read -r fault host; do take_out "$fault" "$host"; done <"$noted"
        rm -f "$noted"
        ;;
esac
