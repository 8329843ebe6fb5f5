using System.Text;
using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;
using Spillway.Core.Overlay.WireGuard;

namespace Spillway.Core.Tests.Overlay;

public sealed class WireGuardFilesTests
{
    private const string A = "vBN7qyUTb5lJtWYJ8LhbPio1Z4RcyBPGnqFBGn6O6Qg=";
    private const string B = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
    private const string Secret = "TFlmmEUC7V7VtiDYLKsbP5rySTKLIZq1yn8lMqK83wo=";

    private const string Seed = $$"""
        kubernetes: {distribution: existing}
        overlay: {kind: wireguard, topology: hub, cidr: 20.0.0.0/24, keepalive: 21s}
        machines:
          - {name: server, role: control-plane, site: cloud, address: 203.0.113.9, publicKey: {{A}}}
          - {name: one, site: office, publicKey: {{B}}}
          - {name: two, site: office}
        """;

    [Fact]
    public void A_hub_can_be_written_as_people_write_it_by_hand()
    {
        var plan = Networks.Plan(Seed);

        WireGuardFiles.AsByHand(plan.Node("server"), plan).ShouldBe($"""
            [Interface]
            Address = 20.0.0.1/24
            SaveConfig = true
            ListenPort = 51820
            PrivateKey = <private key of server>

            [Peer]
            PublicKey = {B}
            AllowedIPs = 20.0.0.2/32

            [Peer]
            PublicKey = <public key of two>
            AllowedIPs = 20.0.0.3/32

            """);
        WireGuardFiles.AsByHand(plan.Node("one"), plan).ShouldBe($"""
            [Interface]
            Address = 20.0.0.2/24
            PrivateKey = <private key of one>

            [Peer]
            PublicKey = {A}
            Endpoint = 203.0.113.9:51820
            AllowedIPs = 20.0.0.0/24
            PersistentKeepalive = 21

            """);
    }

    [Fact]
    public void A_generated_file_is_taken_by_the_parser_and_holds_no_private_key()
    {
        var plan = Networks.Plan(Seed);

        foreach (var node in plan.Nodes)
        {
            var file = WgQuickParser.Parse("wg0.conf", WireGuardFiles.For(node, plan));

            file.Diagnostics.ShouldBeEmpty();
            file.Interface.Mtu.ShouldBe(1420);
            file.Interface.PublicKey.ShouldBeNull();
            file.Interface.SaveConfig.ShouldBeFalse();
            file.Interface.Hooks.ShouldContain(hook => hook.Command.Contains("private-key /etc/wireguard/%i.key"));
        }
    }

    [Fact]
    public void A_peer_whose_key_is_not_known_yet_leaves_a_file_that_works_without_it()
    {
        var plan = Networks.Plan(Seed);

        var text = WireGuardFiles.For(plan.Node("server"), plan);

        WgQuickParser.Parse("wg0.conf", text).Peers.Single().PublicKey!.ToString().ShouldBe(B);
        text.ShouldContain("# [Peer]\n# PublicKey = <public key of two>\n");
    }

    [Fact]
    public void A_hand_made_hub_is_adopted_with_its_addresses_and_without_its_keys()
    {
        WireGuardKey.TryParse(Secret, out var secret).ShouldBeTrue();
        var hubKey = Curve25519.PublicKeyOf(secret);

        var adopted = Adopt(
            ("wg0.conf", $"""
                [Interface]
                Address = 20.0.0.1/24
                SaveConfig = true
                ListenPort = 51821
                PrivateKey = {Secret}
                [Peer]
                # Name = gpu box
                PublicKey = {A}
                AllowedIPs = 20.0.0.2/32
                [Peer]
                Publickey = {B}
                AllowedIPs = 20.0.0.7/32, 192.168.9.1/24
                """),
            ("gpu.conf", $"""
                [Interface]
                Address = 20.0.0.2/24
                PrivateKey = {Secret}
                [Peer]
                PublicKey = {hubKey}
                Endpoint = vpn.example.com:51821
                AllowedIPs = 20.0.0.0/24
                PersistentKeepalive = 21
                """));

        adopted.ClusterFile.ShouldNotBeNull(string.Join('\n', adopted.Diagnostics));
        adopted.ClusterFile.ShouldNotContain(Secret);
        string.Join('\n', adopted.Diagnostics).ShouldNotContain(Secret);
        adopted.Diagnostics.Select(found => found.Code).Distinct().ShouldBe(
        [
            DiagnosticCodes.SavesConfig, DiagnosticCodes.TunnelFileSurprise, DiagnosticCodes.KeysDiffer,
            DiagnosticCodes.NotAdopted,
        ]);
        var read = ClusterFileReader.ReadCluster(
            [new SourceFile("cluster.yaml", Encoding.UTF8.GetBytes(adopted.ClusterFile))]);
        read.HasErrors.ShouldBeFalse(string.Join('\n', read.Diagnostics) + adopted.ClusterFile);
        var plan = OverlayPlanner.Plan(read.Cluster!, new Dictionary<string, System.Net.IPAddress>());
        plan.Nodes.Select(node => $"{node.Name} {node.OverlayAddress}").ShouldBe(
            ["hub 20.0.0.1", "gpu-box 20.0.0.2", "machine-20-0-0-7 20.0.0.7"]);
        plan.Peer("gpu-box", "hub").Endpoint!.ToString().ShouldBe("vpn.example.com:51821");
        plan.Peer("gpu-box", "hub").Keepalive.ShouldBe(TimeSpan.FromSeconds(21));
        plan.Peer("hub", "machine-20-0-0-7").Allowed().ShouldBe(["20.0.0.7/32", "192.168.9.0/24"]);
        plan.Cluster.FindMachine("hub")!.PublicKey.ShouldBe(hubKey);
    }

    [Fact]
    public void Clients_without_a_hub_are_not_adopted()
    {
        var adopted = Adopt(("a.conf", "[Interface]\nAddress = 10.0.0.2/24\n"));

        adopted.ClusterFile.ShouldBeNull();
        adopted.Diagnostics.Single().Code.ShouldBe(DiagnosticCodes.NotAdopted);
    }

    private static AdoptedNetwork Adopt(params (string Name, string Text)[] files) => WireGuardImport.Adopt(
        "adopted", [.. files.Select(file => WgQuickParser.Parse(file.Name, file.Text))]);
}
