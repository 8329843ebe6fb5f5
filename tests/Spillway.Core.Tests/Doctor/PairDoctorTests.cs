using System.Net;
using Spillway.Core.ClusterFile;
using Spillway.Core.Doctor;
using Spillway.Core.Overlay;
using Spillway.Core.Quantities;

namespace Spillway.Core.Tests.Doctor;

/// <summary>Each fault alone, on what the probe prints on three machines: a public control plane, two in an office.</summary>
public sealed class PairDoctorTests
{
    private static readonly OverlayPlan Plan = OverlayPlanner.Plan(new Cluster
    {
        Name = "lab",
        Overlay = new OverlaySettings { Kind = OverlayKind.WireGuard },
        Machines =
        [
            Machine("control", MachineRole.ControlPlane, "cloud", "203.0.113.10", "root@203.0.113.10"),
            Machine("one", MachineRole.Worker, "office", null, "root@192.168.50.11"),
            Machine("two", MachineRole.Worker, "office", null, "root@192.168.50.12"),
        ],
    }, new Dictionary<string, IPAddress>());

    private readonly Dictionary<string, string> printed = Plan.Nodes.ToDictionary(node => node.Name, Healthy);
    private readonly Dictionary<string, NodeReport> nodes = Plan.Nodes.ToDictionary(
        node => node.Name,
        node => new NodeReport(node.Name, true, "", $"{node.NodeIp}", new Dictionary<string, string>()));

    [Fact]
    public void Healthy_machines_have_nothing_broken()
    {
        foreach (var from in Plan.Nodes)
        {
            foreach (var to in Plan.Nodes.Where(to => to != from))
                Judge(from.Name, to.Name).FirstBroken.ShouldBeNull();
        }
    }

    [Fact]
    public void A_machine_that_does_not_answer_is_the_underlay()
    {
        var reports = Reports();
        reports["two"] = new HostReport("two") { Unreachable = "Connection refused" };

        var broken = new PairDoctor(Plan, reports, nodes).Judge("one", "two").FirstBroken!;

        broken.Layer.ShouldBe(Layer.Underlay);
        broken.Proof.ShouldContain("Connection refused");
    }

    [Theory]
    [InlineData("route 10.77.0.1 wg0", "route 10.77.0.1 eth0", Layer.Route, "leave by eth0")]
    [InlineData("mtu 1420", "", Layer.Route, "no interface wg0")]
    [InlineData("peer key-control 203.0.113.10:51820 10.77.0.0/24", "peer key-control 203.0.113.10:51820 10.9.0.0/24",
        Layer.AllowedIps, "10.77.0.0/24 is missing")]
    [InlineData("peer key-control", "peer key-stranger", Layer.Handshake, "key-stranger")]
    [InlineData("ping 10.77.0.1 yes 1420", "ping 10.77.0.1 no 0", Layer.Port, "has sent 500 bytes")]
    [InlineData("sysctl ip_forward 1", "sysctl ip_forward 0", Layer.Forwarding, "ip_forward is 0 on one")]
    [InlineData("sysctl rp_filter.all 2", "sysctl rp_filter.all 1", Layer.ReversePath, "strict on one")]
    [InlineData("ping 10.77.0.1 yes 1420", "ping 10.77.0.1 yes 1136", Layer.Mtu, "1136")]
    [InlineData("mtu 1420", "mtu 1500", Layer.Mtu, "sends 1500")]
    [InlineData("route 10.96.0.1 wg0", "route 10.96.0.1 eth0", Layer.ServiceRoute, "leave by eth0")]
    public void A_fault_is_named_with_its_proof_and_a_fix(string good, string bad, Layer layer, string proof)
    {
        printed["one"].ShouldContain(good);
        printed["one"] = printed["one"].Replace(good, bad);

        var broken = Judge("one", "control").FirstBroken!;

        broken.Layer.ShouldBe(layer);
        broken.Proof.ShouldContain(proof);
        broken.Fix.ShouldNotBeEmpty();
    }

    [Fact]
    public void Loose_filtering_on_one_of_the_two_settings_is_enough()
    {
        printed["one"] = printed["one"].Replace("sysctl rp_filter.wg0 0", "sysctl rp_filter.wg0 1");

        Judge("one", "control").FirstBroken.ShouldBeNull();
    }

    [Fact]
    public void Silence_that_the_other_end_explains_is_not_blamed_on_the_port()
    {
        printed["one"] = printed["one"].Replace("route 10.77.0.1 wg0", "route 10.77.0.1 eth0");
        printed["control"] = printed["control"].Replace("ping 10.77.0.2 yes 1420", "ping 10.77.0.2 no 0");

        Judge("control", "one").Findings.Single(finding => finding.Layer == Layer.Port).Health.ShouldBe(Health.NotSeen);
    }

    [Fact]
    public void A_node_known_by_another_address_is_node_ip()
    {
        nodes["one"] = nodes["one"] with { InternalIp = "192.168.50.11" };

        var broken = Judge("control", "one").FirstBroken!;

        broken.Layer.ShouldBe(Layer.NodeIp);
        broken.Proof.ShouldContain("192.168.50.11");
        broken.Fix.ShouldContain("--node-ip=10.77.0.2");
    }

    [Fact]
    public void A_pod_network_that_sends_elsewhere_is_the_endpoint()
    {
        nodes["two"] = nodes["two"] with
        {
            Annotations = new Dictionary<string, string> { ["flannel.alpha.coreos.com/public-ip"] = "192.168.50.12" },
        };

        Judge("one", "two").FirstBroken!.Layer.ShouldBe(Layer.CniEndpoint);
    }

    private Diagnosis Judge(string from, string to) => new PairDoctor(Plan, Reports(), nodes).Judge(from, to);

    private Dictionary<string, HostReport> Reports() =>
        printed.ToDictionary(entry => entry.Key, entry => HostReport.Parse(entry.Key, entry.Value));

    private static string Healthy(OverlayNode node)
    {
        var lines = new List<string>
        {
            "mtu 1420", $"address {node.NodeIp}", "sysctl rp_filter.all 2", "sysctl rp_filter.wg0 0", "sysctl ip_forward 1",
            "route 10.96.0.1 wg0", $"key key-{node.Name}", "port 51820",
        };
        foreach (var other in Plan.Nodes.Where(other => other != node))
        {
            lines.Add($"route {other.NodeIp} wg0");
            lines.Add($"ping {other.NodeIp} yes 1420");
        }

        foreach (var peer in node.Peers)
            lines.Add($"peer key-{peer.Machine} {peer.Endpoint?.ToString() ?? "(none)"} "
                + $"{string.Join(',', peer.AllowedIps)} 12 400 500");
        return string.Join('\n', lines);
    }

    private static Machine Machine(string name, MachineRole role, string site, string? address, string ssh)
    {
        SshTarget.TryParse(ssh, out var target).ShouldBeTrue();
        Endpoint? endpoint = null;
        if (address is not null) Endpoint.TryParse(address, out endpoint).ShouldBeTrue();
        return new Machine { Name = name, Role = role, Site = site, Address = endpoint, Ssh = target };
    }
}
