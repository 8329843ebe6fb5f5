using System.Globalization;
using Spillway.Core.Overlay;

namespace Spillway.Core.Doctor;

/// <summary>The script that looks at a machine. It changes nothing, and asks WireGuard for nothing secret.</summary>
public static class HostProbe
{
    // Packets: the largest first, then by halves, until the largest that passes is known to 8 bytes.
    public const string Script =
        """
        device=$1 address=$2 mtu=$3
        shift 3
        if [ -d "/sys/class/net/$device" ]; then
          echo "mtu $(cat "/sys/class/net/$device/mtu")"
          ip -o address show dev "$device" to "$address" | grep -q . && echo "address $address"
        fi
        for name in all "$device"; do
          echo "sysctl rp_filter.$name $(cat "/proc/sys/net/ipv4/conf/$name/rp_filter" 2>/dev/null || echo 0)"
        done
        echo "sysctl ip_forward $(cat /proc/sys/net/ipv4/ip_forward)"
        passes() { ping -c 1 -W "$3" -q -M do -s $(($2 - 28)) "$1" >/dev/null 2>&1; }
        probe() {
          # The first packet may have to wait for a handshake.
          if ! ping -c 3 -i 0.3 -W 2 -q "$1" >/dev/null 2>&1; then echo "ping $1 no 0"; return; fi
          if passes "$1" "$mtu" 1 || passes "$1" "$mtu" 1; then echo "ping $1 yes $mtu"; return; fi
          low=576 high=$mtu
          passes "$1" $low 1 || { echo "ping $1 yes 0"; return; }
          while [ $((high - low)) -gt 8 ]; do
            middle=$(((low + high) / 2))
            if passes "$1" $middle 0.4; then low=$middle; else high=$middle; fi
          done
          echo "ping $1 yes $low"
        }
        way() { echo "route $1 $(ip -o route get "$1" 2>/dev/null | grep -o 'dev [^ ]*' | cut -d' ' -f2)"; }
        for word in "$@"; do
          value=${word#*=}
          case "$word" in
            peer=*) way "$value"; probe "$value" & ;;
            route=*) way "$value" ;;
            outer=*) (ping -c 2 -i 0.3 -W 2 -q "$value" >/dev/null 2>&1 && echo "outer $value") & ;;
            name=*) echo "name $value $(getent ahostsv4 "$value" | awk '{ print $1 }' | sort -u | paste -sd' ')" ;;
          esac
        done
        wait
        command -v wg >/dev/null && wg show "$device" >/dev/null 2>&1 || exit 0
        echo "key $(wg show "$device" public-key)"
        echo "port $(wg show "$device" listen-port)"
        now=$(date +%s)
        paste <(wg show "$device" endpoints | sort) <(wg show "$device" allowed-ips | sort | cut -f2- | tr ' ' ',') \
          <(wg show "$device" latest-handshakes | sort | cut -f2) <(wg show "$device" transfer | sort | cut -f2,3) |
          while IFS=$'\t' read -r key endpoint allowed shaken received sent; do
            if [ "$shaken" = 0 ]; then age=never; else age=$((now - shaken)); fi
            echo "peer $key $endpoint $allowed $age $received $sent"
          done
        exit 0
        """;

    /// <summary>The script's arguments for one machine of a plan.</summary>
    /// <param name="others">The machines that are to be looked at from it.</param>
    public static IReadOnlyList<string> Arguments(OverlayNode node, OverlayPlan plan, IReadOnlyList<OverlayNode> others)
    {
        var arguments = new List<string>
        {
            node.Interface, $"{node.NodeIp}", plan.Mtu.Tunnel.ToString(CultureInfo.InvariantCulture),
        };
        foreach (var other in others)
        {
            arguments.Add($"peer={other.NodeIp}");
            if (node.Peers.FirstOrDefault(peer => peer.Machine == other.Name)?.Endpoint is { } endpoint)
                arguments.Add($"outer={endpoint.Host}");
        }

        arguments.Add($"route={ServiceAddress(plan)}");
        arguments.AddRange(plan.Cluster.Names.Keys.Where(name => !name.StartsWith('*')).Select(name => $"name={name}"));
        return arguments;
    }

    /// <summary>The API server's own service: the first address of the range.</summary>
    public static string ServiceAddress(OverlayPlan plan) =>
        plan.Cluster.Kubernetes.ServiceCidr.AddressAt(1).ToString();
}
