using System.Net;
using System.Text;
using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;
using Spillway.Core.Plans;

namespace Spillway.Core.Tests.Overlay;

public sealed class OverlayPlannerTests
{
    private const string Office = """
        kubernetes: {distribution: kubeadm}
        overlay: {kind: wireguard, topology: mesh}
        machines:
          - {name: control, role: control-plane, site: cloud, address: 203.0.113.10, ssh: root@203.0.113.10}
          - {name: gpu-1, site: office, ssh: u@192.168.1.30}
          - {name: gpu-2, site: office, ssh: u@192.168.1.31}
          - {name: home, site: home, ssh: u@10.1.1.5}
        """;

    [Fact]
    public void Machines_of_one_site_talk_directly_and_only_the_rest_is_relayed()
    {
        var plan = Networks.Plan(Office);

        plan.Way("gpu-1", "gpu-2").ShouldBeOfType<Way.Direct>().SameSite.ShouldBeTrue();
        plan.Way("gpu-1", "control").ShouldBeOfType<Way.Direct>().Why.ShouldContain("203.0.113.10");
        plan.Way("gpu-1", "home").ShouldBeOfType<Way.Relayed>().Relay.ShouldBe("control");
        plan.Ways.Count.ShouldBe(6);
        plan.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public void The_hub_gets_the_whole_range_and_direct_peers_their_own_address()
    {
        var plan = Networks.Plan(Office);

        plan.Peer("gpu-1", "control").Allowed().ShouldBe(["10.77.0.0/24"]);
        plan.Peer("gpu-1", "control").Endpoint!.ToString().ShouldBe("203.0.113.10:51820");
        plan.Peer("gpu-1", "control").Keepalive.ShouldBe(TimeSpan.FromSeconds(21));
        plan.Peer("gpu-1", "gpu-2").Allowed().ShouldBe(["10.77.0.3/32"]);
        plan.Peer("gpu-1", "gpu-2").Endpoint!.ToString().ShouldBe("192.168.1.31:51820");
        plan.Peer("gpu-1", "gpu-2").Keepalive.ShouldBe(TimeSpan.Zero);
        plan.Peer("control", "home").Endpoint.ShouldBeNull();
        plan.Peer("control", "home").Allowed().ShouldBe(["10.77.0.4/32"]);
        plan.Node("gpu-1").Peers.Select(peer => peer.Machine).ShouldBe(["control", "gpu-2"]);
        plan.Node("control").Forwards.ShouldBeTrue();
    }

    [Fact]
    public void A_hub_topology_has_the_shape_people_write_by_hand()
    {
        var plan = Networks.Plan(Office.Replace("topology: mesh", "topology: hub, cidr: 20.0.0.0/24"));

        plan.Node("gpu-1").Peers.Single().Allowed().ShouldBe(["20.0.0.0/24"]);
        plan.Node("control").Peers.SelectMany(peer => peer.Allowed())
            .ShouldBe(["20.0.0.2/32", "20.0.0.3/32", "20.0.0.4/32"]);
        plan.Way("gpu-1", "gpu-2").ShouldBeOfType<Way.Relayed>().Cause.ShouldBe(RelayCause.Topology);
    }

    [Fact]
    public void Addresses_stay_when_machines_come_and_go()
    {
        var before = Networks.Plan(Office);
        var kept = before.Nodes.ToDictionary(node => node.Name, node => node.OverlayAddress!);

        var after = Networks.Plan(Office
            .Replace("  - {name: gpu-1, site: office, ssh: u@192.168.1.30}\n", "  - {name: new, site: home}\n"), kept);

        after.Node("gpu-2").OverlayAddress.ShouldBe(kept["gpu-2"]);
        after.Node("home").OverlayAddress.ShouldBe(kept["home"]);
        after.Node("new").OverlayAddress!.ToString().ShouldBe("10.77.0.2");
    }

    [Fact]
    public void A_hub_with_jumbo_frames_and_a_client_without_get_one_tunnel_size()
    {
        var plan = Networks.Plan(Office.Replace("203.0.113.10, ssh", "203.0.113.10, mtu: 9001, ssh"));

        plan.Nodes.Select(node => node.Mtus.Single(mtu => mtu.Interface == "wg0").Mtu).Distinct().ShouldBe([1420]);
        plan.Nodes.Select(node => node.Mtus.Single(mtu => mtu.Interface == "pods").Mtu).Distinct().ShouldBe([1370]);
        plan.Node("control").Mtus[0].Mtu.ShouldBe(9001);
    }

    [Theory]
    [InlineData("sites: [{name: office, mtu: 1492}]", 1412, 1362)]
    [InlineData("sites: [{name: nowhere, mtu: 1400}]", 1420, 1370)]
    public void A_slow_line_of_a_site_in_use_sets_the_size_for_all(string sites, int tunnel, int pod)
    {
        var plan = Networks.Plan($"{Office}\n{sites}");

        plan.Mtu.Tunnel.ShouldBe(tunnel);
        plan.Mtu.Pod.ShouldBe(pod);
        plan.Mtu.PathWhy.ShouldContain(tunnel == 1412 ? "office" : "1500");
    }

    [Fact]
    public void A_cluster_at_one_site_may_use_jumbo_frames()
    {
        var plan = Networks.Plan("""
            kubernetes: {distribution: kubeadm, network: calico}
            overlay: {kind: wireguard}
            machines:
              - {name: a, role: control-plane, address: 10.0.0.1, mtu: 9001, ssh: r@10.0.0.1}
              - {name: b, address: 10.0.0.2, mtu: 9001, ssh: r@10.0.0.2}
            """);

        plan.Mtu.Tunnel.ShouldBe(8921);
        plan.Pods.Values["installation"]!["calicoNetwork"]!["mtu"]!.GetValue<int>().ShouldBe(8871);
        plan.Complaints.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("topology: hub", "SW1224", "control")]
    [InlineData("topology: mesh", "SW1225", "no way")]
    public void A_hub_nobody_can_reach_is_refused_with_its_place(string topology, string code, string words)
    {
        var read = Networks.Read(Office.Replace("topology: mesh", topology).Replace("203.0.113.10", "10.9.9.9"));

        var found = read.Diagnostics.Single(diagnostic => diagnostic.Code == code);
        found.IsError.ShouldBeTrue();
        found.Place.Line.ShouldBeGreaterThan(4);
        found.Message.ShouldContain(words);
        read.Model.ShouldBeNull();
    }

    [Fact]
    public void Native_routing_without_pod_ranges_is_refused_and_with_them_they_are_allowed()
    {
        var native = Office.Replace("kubeadm}", "kubeadm, routing: native}");
        var ranges = 0;
        var complete = string.Join('\n', native.Split('\n').Select(line =>
            line.Contains("- {name") ? line.Replace("- {", $"- {{podCidr: 10.244.{ranges++}.0/24, ") : line));

        Networks.Read(native).Diagnostics.Select(diagnostic => diagnostic.Code).ShouldContain("SW1227");
        var plan = Networks.Plan(complete);
        plan.Complaints.ShouldBeEmpty();
        plan.Peer("control", "gpu-1").Allowed().ShouldBe(["10.77.0.2/32", "10.244.1.0/24"]);
        plan.Peer("gpu-1", "control").Allowed().ShouldBe(["10.77.0.0/24", "10.244.0.0/24", "10.244.3.0/24"]);
        plan.Mtu.Pod.ShouldBe(1420);
        plan.Pods.Values["routingMode"]!.GetValue<string>().ShouldBe("native");
    }

    [Fact]
    public void Two_peers_never_claim_the_same_addresses()
    {
        var read = Networks.Read($$"""
            {{Office}}
            sites:
              - {name: office, cidr: 192.168.1.0/24, gateway: gpu-1}
              - {name: home, cidr: 192.168.0.0/16, gateway: home}
            """);

        var found = read.Diagnostics.Single(diagnostic => diagnostic.Code == "SW1226");
        found.IsError.ShouldBeTrue();
        found.Message.ShouldContain("192.168.1.0/24");
        found.Place.Line.ShouldBe(14);
    }

    [Fact]
    public void A_whole_site_behind_one_machine_keeps_its_own_addresses_and_interfaces()
    {
        var plan = Networks.Plan($$"""
            {{Office.Replace("kubeadm}", "rke2, network: canal}")}}
            sites: [{name: office, cidr: 192.168.1.0/24, gateway: gpu-1}]
            """);

        var behind = plan.Node("gpu-2");
        behind.OverlayAddress.ShouldBeNull();
        behind.NodeIp!.ToString().ShouldBe("192.168.1.31");
        behind.Interface.ShouldBe("eth0");
        behind.Routes.Single().Via!.ToString().ShouldBe("192.168.1.30");
        plan.Peer("control", "gpu-1").Allowed().ShouldBe(["10.77.0.2/32", "192.168.1.0/24"]);
        plan.Way("control", "gpu-2").ShouldBeOfType<Way.Plain>().Gateway.ShouldBe("gpu-1");
        plan.Pods.Annotations["gpu-2"].Value.ShouldBe("192.168.1.31");
        var pattern = plan.Pods.Values["flannel"]!["regexIface"]!.GetValue<string>();
        foreach (var node in plan.Nodes)
            node.NodeIp!.ToString().ShouldMatch(pattern);
        "192.168.1.30".ShouldNotMatch(pattern);
    }

    [Theory]
    [InlineData("cilium", "devices", "MTU")]
    [InlineData("calico", "NodeInternalIP", "mtu")]
    [InlineData("flannel", "--iface=wg0", "mtu")]
    [InlineData("canal", "\"iface\":\"wg0\"", "vethuMTU")]
    public void Every_pod_network_is_told_interface_and_size(string network, string first, string second)
    {
        var values = Networks.Plan(Office.Replace("kubeadm}", $"kubeadm, network: {network}}}")).Pods.Values
            .ToJsonString();

        values.ShouldContain(first);
        values.ShouldContain(second);
    }

    [Fact]
    public void The_api_server_answers_for_every_name_it_is_called_by()
    {
        var plan = Networks.Plan($"{Office}\nnames: {{k8s.lab: control, other.lab: gpu-1}}");

        plan.Api.Endpoint!.ToString().ShouldBe("10.77.0.1:6443");
        plan.Api.Advertise["control"].ToString().ShouldBe("10.77.0.1");
        plan.Api.Sans.ShouldBe(["control", "10.77.0.1", "203.0.113.10", "k8s.lab", "127.0.0.1", "localhost"]);
    }

    [Fact]
    public void Services_are_routed_by_their_real_range()
    {
        var route = Networks.Plan(Office).Node("gpu-1").Routes.Single(route => route.To.ToString() == "10.96.0.0/12");

        route.To.Contains(IPAddress.Parse("10.100.0.1")).ShouldBeTrue();
        route.Source!.ToString().ShouldBe("10.77.0.2");
    }

    [Fact]
    public void Ports_that_trust_their_callers_are_closed_to_everybody_else()
    {
        var rules = Networks.Plan(Office).Node("control").Firewall;

        rules.ShouldContain(rule => rule.Ports == "51820" && rule.From.Count == 0);
        foreach (var port in new[] { "2379-2381", "10250", "8472" })
            rules.ShouldContain(rule => rule.Ports == port && rule.OthersRefused);
        Networks.Plan(Office).Node("home").Firewall.ShouldNotContain(rule => rule.Ports == "51820");
        Networks.Plan(Office).Node("gpu-1").Firewall.ShouldContain(rule => rule.Ports == "51820");
    }

    [Fact]
    public void Two_hundred_machines_have_a_plan_that_names_every_pair()
    {
        var text = new StringBuilder("""
            apiVersion: spillway.dev/v1
            kind: Cluster
            metadata: {name: large}
            spec:
              kubernetes: {distribution: kubeadm}
              overlay: {kind: wireguard, cidr: 10.77.0.0/22}
              machines:
              - {name: control, role: control-plane, site: cloud, address: 203.0.113.10, ssh: root@203.0.113.10}

            """);
        for (var i = 1; i < 200; i++)
            text.Append($"  - {{name: m{i}, site: site-{i % 10}, ssh: u@192.168.{i % 10}.{i}}}\n");
        var file = new SourceFile("cluster.yaml", Encoding.UTF8.GetBytes(text.ToString()));
        var plan = Plan(file);

        plan.OfKind(PlanKinds.Network).Count().ShouldBe(202);
        foreach (var node in plan.OfKind(PlanKinds.Network).Where(item => item.Name.StartsWith('m')))
            node.Facts.Where(fact => fact.Key.StartsWith("way "))
                .Sum(fact => fact.Value.Split(", ").Length).ShouldBe(199, node.Name);

        static ClusterPlan Plan(SourceFile file)
        {
            var read = ClusterFileReader.ReadCluster([file]);
            read.HasErrors.ShouldBeFalse(string.Join('\n', read.Diagnostics));
            return ClusterPlanner.Plan(read.Model!, PlanHistory.Empty, read.Diagnostics);
        }
    }
}
