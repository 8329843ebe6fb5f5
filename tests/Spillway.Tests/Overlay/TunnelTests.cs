using System.Net;
using System.Text;
using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;
using Spillway.Core.Overlay.OpenVpn;
using Spillway.Core.Overlay.WireGuard;
using Spillway.Machines.OpenVpn;

namespace Spillway.Tests.Overlay;

/// <summary>The files of a plan under the real tools, across two NATs.</summary>
public sealed class TunnelTests
{
    private const string Machines = """
          machines:
            - {name: control, role: control-plane, site: cloud, address: 203.0.113.10, mtu: 9001}
            - {name: cloud-1, site: cloud, address: 203.0.113.20}
            - {name: office-1, site: office, address: 192.168.50.11}
            - {name: office-2, site: office, address: 192.168.50.12}
            - {name: home, site: home, address: 192.168.60.11}
        """;

    [Fact]
    public void WireGuard_joins_all_sites_and_machines_of_one_site_talk_directly()
    {
        Assert.SkipUnless(NetworkSites.CanRun && File.Exists("/usr/bin/wireguard-go"), "needs root and wireguard-go");
        using var sites = new NetworkSites();
        var keys = new Dictionary<string, string>();
        foreach (var host in NetworkSites.Hosts)
            keys[host] = Good(sites, host,
                "umask 077; wg genkey > /etc/wireguard/wg0.key; wg pubkey < /etc/wireguard/wg0.key").Trim();
        var plan = Plan("overlay: {kind: wireguard}", keys);

        foreach (var node in plan.Nodes)
        {
            File.WriteAllText(Path.Combine(sites.FolderOf(node.Name), "wg0.conf"), WireGuardFiles.For(node, plan));
            Good(sites, node.Name, "WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go wg-quick up wg0 >/dev/null 2>&1");
        }

        AllReachEachOther(sites, plan);
        var endpoints = Good(sites, "office-1", "wg show wg0 endpoints");
        endpoints.ShouldContain($"{keys["office-2"]}\t192.168.50.12:51820");
        endpoints.ShouldContain($"{keys["cloud-1"]}\t203.0.113.20:51820");
        endpoints.ShouldNotContain(keys["home"]);
        Good(sites, "office-1", "ip -o link show wg0").ShouldContain("mtu 1420");
        Good(sites, "control", "ip -o link show wg0").ShouldContain("mtu 1420");
        // The whole size passes unbroken, and a byte more does not.
        Good(sites, "office-1", "ping -q -c1 -w15 -M do -s 1392 10.77.0.5");
        sites.On("office-1", "ping -q -c1 -w2 -M do -s 1393 10.77.0.5").Code.ShouldNotBe(0);
        Good(sites, "office-1", "ip route get 10.100.0.1").ShouldContain("dev wg0 src 10.77.0.3");
    }

    [Fact]
    public void OpenVpn_joins_all_sites_and_a_revoked_machine_stays_out()
    {
        Assert.SkipUnless(NetworkSites.CanRun && File.Exists("/usr/sbin/openvpn"), "needs root and openvpn");
        using var sites = new NetworkSites();
        using var folder = new Cli.TemporaryFolder();
        var authority = VpnAuthority.Open(Path.Combine(folder.Path, "vpn"), "test", TimeProvider.System);
        var plan = Plan("overlay: {kind: openvpn, keepalive: 5s}", []);

        foreach (var node in plan.Nodes)
            Start(sites, node, plan, authority);
        AllReachEachOther(sites, plan);

        Good(sites, "home", "ip route show default").ShouldContain("via 192.168.60.1");
        Good(sites, "home", "ip -o link show tun0").ShouldContain("mtu 1428");
        Good(sites, "home", "ip route get 10.100.0.1").ShouldContain("dev tun0 src 10.77.0.5");
        authority.Revoke("home");
        File.WriteAllText(Path.Combine(sites.FolderOf("control"), "server/crl.pem"), authority.RevocationList);
        Good(sites, "home", "kill $(cat /etc/openvpn/client/pid); while ip link show tun0 2>/dev/null; do sleep 0.1; done");
        Good(sites, "home", StartCommand("client"));
        sites.On("control", "for n in $(seq 100); do grep -q 'certificate revoked' /etc/openvpn/server/log && exit 0; "
            + "sleep 0.1; done; tail -20 /etc/openvpn/server/log; exit 1").ShouldSatisfyAllConditions(
                answer => answer.Code.ShouldBe(0, answer.Output));
    }

    private static void Start(NetworkSites sites, OverlayNode node, OverlayPlan plan, VpnAuthority authority)
    {
        var server = OpenVpnFiles.IsServer(node, plan);
        var kind = server ? "server" : "client";
        var own = Path.Combine(sites.FolderOf(node.Name), kind);
        foreach (var file in OpenVpnFiles.For(node, plan))
            Write(Path.Combine(sites.FolderOf(node.Name), Path.GetRelativePath("/etc/openvpn", file.Path)),
                file.Content);
        Good(sites, node.Name, $"umask 077; cd /etc/openvpn/{kind}; openssl req -new -newkey ec -pkeyopt "
            + $"ec_paramgen_curve:prime256v1 -nodes -subj /CN=someone-else -keyout {node.Name}.key -out request 2>&1");
        var request = File.ReadAllText(Path.Combine(own, "request"));
        Write(Path.Combine(own, $"{node.Name}.crt"),
            authority.Issue(node.Name, server ? VpnRole.Server : VpnRole.Client, request));
        Write(Path.Combine(own, "ca.crt"), authority.CertificatePem);
        Write(Path.Combine(own, "tls-crypt.key"), authority.TlsCryptKey);
        Write(Path.Combine(own, "crl.pem"), authority.RevocationList);
        Good(sites, node.Name, StartCommand(kind));
    }

    private static string StartCommand(string kind) =>
        $"openvpn --config /etc/openvpn/{kind}/spillway.conf --daemon --writepid /etc/openvpn/{kind}/pid "
        + $"--log-append /etc/openvpn/{kind}/log";

    private static void AllReachEachOther(NetworkSites sites, OverlayPlan plan)
    {
        foreach (var from in plan.Nodes)
        {
            foreach (var to in plan.Nodes.Where(to => to != from))
                Good(sites, from.Name, $"ping -q -c1 -w20 {to.OverlayAddress}");
        }
    }

    private static OverlayPlan Plan(string overlay, Dictionary<string, string> keys)
    {
        var machines = string.Join('\n', Machines.Split('\n').Select(line =>
            keys.FirstOrDefault(key => line.Contains($"name: {key.Key},")) is { Key: { } name } key
                ? line.Replace($"name: {name},", $"name: {name}, publicKey: {key.Value},")
                : line));
        var text = "apiVersion: spillway.dev/v1\nkind: Cluster\nmetadata: {name: test}\nspec:\n"
            + $"  kubernetes: {{distribution: existing}}\n  {overlay}\n{machines}\n";
        var read = ClusterFileReader.ReadCluster([new SourceFile("cluster.yaml", Encoding.UTF8.GetBytes(text))]);
        read.HasErrors.ShouldBeFalse(string.Join('\n', read.Diagnostics));
        return OverlayPlanner.Plan(read.Cluster!, new Dictionary<string, IPAddress>());
    }

    private static string Good(NetworkSites sites, string host, string script)
    {
        var (code, output) = sites.On(host, script);
        code.ShouldBe(0, $"{host}: {script}\n{output}");
        return output;
    }

    private static void Write(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }
}
