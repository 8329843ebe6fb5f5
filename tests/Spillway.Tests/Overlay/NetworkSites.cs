using System.Diagnostics;
using Spillway.Tests.Cli;

namespace Spillway.Tests.Overlay;

/// <summary>
/// A small internet in network namespaces of its own: control and cloud-1 are public, office-1 and office-2 stand behind
/// one NAT, home behind another. Each host has a mount namespace too, so that all may call their tunnel wg0.
/// </summary>
internal sealed class NetworkSites : IDisposable
{
    private const string Setup = """
        set -euo pipefail
        p=$1
        for n in inet gw1 gw2 control cloud-1 office-1 office-2 home; do
          ip netns add $p-$n
          ip -n $p-$n link set lo up
        done
        for n in inet gw1 gw2; do
          ip -n $p-$n link add br0 type bridge
          ip -n $p-$n link set br0 up
        done
        attach() { # host switch device address gateway
          ip -n $p-$1 link add $3 type veth peer name to-$1 netns $p-$2
          ip -n $p-$2 link set to-$1 master br0 up
          ip -n $p-$1 addr add $4 dev $3
          ip -n $p-$1 link set $3 up
          if [ -n "${5:-}" ]; then ip -n $p-$1 route add default via $5; fi
        }
        attach control inet eth0 203.0.113.10/24
        attach cloud-1 inet eth0 203.0.113.20/24
        attach gw1 inet wan0 203.0.113.50/24
        attach gw2 inet wan0 203.0.113.60/24
        ip -n $p-gw1 addr add 192.168.50.1/24 dev br0
        ip -n $p-gw2 addr add 192.168.60.1/24 dev br0
        attach office-1 gw1 eth0 192.168.50.11/24 192.168.50.1
        attach office-2 gw1 eth0 192.168.50.12/24 192.168.50.1
        attach home gw2 eth0 192.168.60.11/24 192.168.60.1
        for g in gw1 gw2; do
          ip netns exec $p-$g sysctl -qw net.ipv4.ip_forward=1
          ip netns exec $p-$g nft -f - <<'N'
        table ip nat { chain post { type nat hook postrouting priority srcnat; oifname "wan0" masquerade; }; }
        table ip filter { chain forward { type filter hook forward priority 0; policy drop;
          iifname "br0" accept
          ct state established,related accept
        }; }
        N
        done
        """;

    private readonly string prefix = $"swt{Environment.ProcessId}";
    private readonly Dictionary<string, Process> hosts = new(StringComparer.Ordinal);
    private readonly TemporaryFolder folder = new();

    public NetworkSites()
    {
        foreach (var host in Hosts)
            Directory.CreateDirectory(FolderOf(host));
        var (code, output) = Run("bash", ["-c", Setup, "setup", prefix]);
        if (code != 0)
        {
            Dispose();
            throw new InvalidOperationException(output);
        }

        foreach (var host in Hosts)
            hosts[host] = StartHost(host);
    }

    public static IReadOnlyList<string> Hosts { get; } = ["control", "cloud-1", "office-1", "office-2", "home"];

    public static bool CanRun => Environment.UserName == "root" && File.Exists("/usr/sbin/nft")
        && File.Exists("/dev/net/tun") && File.Exists("/usr/bin/ping") && Run("ip", ["netns", "list"]).Code == 0;

    /// <summary>What the host sees as /etc/wireguard and /etc/openvpn.</summary>
    public string FolderOf(string host) => Path.Combine(folder.Path, host);

    public (int Code, string Output) On(string host, string script) => Run("nsenter",
        ["-t", $"{hosts[host].Id}", "-m", "-n", "bash", "-c", script]);

    public void Dispose()
    {
        foreach (var (host, process) in hosts)
        {
            // Whatever was started on the host lives in its network namespace and nowhere else.
            foreach (var pid in Run("ip", ["netns", "pids", $"{prefix}-{host}"]).Output.Split('\n'))
            {
                if (int.TryParse(pid, out var number))
                    Run("kill", ["-9", $"{number}"]);
            }

            process.WaitForExit();
            process.Dispose();
        }

        foreach (var name in Hosts.Concat(["inet", "gw1", "gw2"]))
            Run("ip", ["netns", "del", $"{prefix}-{name}"]);
        folder.Dispose();
    }

    private Process StartHost(string host)
    {
        var process = Process.Start(new ProcessStartInfo("ip",
        [
            "netns", "exec", $"{prefix}-{host}", "unshare", "-m", "--propagation", "private", "bash", "-c",
            """
            set -e
            mkdir -p /run/wireguard /etc/wireguard /etc/openvpn
            mount -t tmpfs none /run/wireguard
            mount --bind "$1" /etc/wireguard
            mount --bind "$1" /etc/openvpn
            echo ready
            exec sleep infinity
            """, "host", FolderOf(host),
        ])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        if (process.StandardOutput.ReadLine() != "ready")
            throw new InvalidOperationException($"{host} did not start");
        return process;
    }

    // Into a file: a daemon that the program leaves behind would keep a pipe open.
    private static (int Code, string Output) Run(string program, string[] arguments)
    {
        var file = Path.GetTempFileName();
        using var process = Process.Start(new ProcessStartInfo("bash",
            ["-c", "out=$1; shift; exec \"$@\" >\"$out\" 2>&1 </dev/null", "run", file, program, .. arguments]))!;
        process.WaitForExit();
        var output = File.ReadAllText(file);
        File.Delete(file);
        return (process.ExitCode, output);
    }
}
