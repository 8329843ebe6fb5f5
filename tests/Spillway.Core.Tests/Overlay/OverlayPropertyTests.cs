using System.Net;
using System.Text;
using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;

namespace Spillway.Core.Tests.Overlay;

/// <summary>What holds for any cluster: simulated by following a packet along AllowedIPs as WireGuard would.</summary>
public sealed class OverlayPropertyTests
{
    [Fact]
    public void Every_pair_that_has_a_way_is_carried_by_the_allowed_ips_of_all_tunnels_on_it()
    {
        for (var seed = 1; seed <= 60; seed++)
        {
            var plan = Networks.Plan(RandomSpec(new Random(seed)));
            foreach (var way in plan.Ways)
            {
                if (way is Way.None)
                    continue;
                Reaches(plan, way.From, way.To).ShouldBeTrue($"seed {seed}: {way}");
                Reaches(plan, way.To, way.From).ShouldBeTrue($"seed {seed}: {way} back");
            }
        }
    }

    [Fact]
    public void Somebody_can_open_every_tunnel()
    {
        for (var seed = 1; seed <= 60; seed++)
        {
            var plan = Networks.Plan(RandomSpec(new Random(seed)));
            foreach (var node in plan.Nodes)
            {
                foreach (var peer in node.Peers)
                {
                    var back = plan.Peer(peer.Machine, node.Name);
                    (peer.Endpoint ?? back.Endpoint).ShouldNotBeNull($"seed {seed}: {node.Name} and {peer.Machine}");
                    if (back.Endpoint is null)
                        peer.Keepalive.ShouldBeGreaterThan(TimeSpan.Zero);
                }

                var claimed = node.Peers.SelectMany(other => other.AllowedIps).ToList();
                claimed.Distinct().Count().ShouldBe(claimed.Count, $"seed {seed}: {node.Name}");
            }
        }
    }

    private static bool Reaches(OverlayPlan plan, string from, string to)
    {
        var source = plan.Node(from).OverlayAddress!;
        var target = plan.Node(to).OverlayAddress!;
        var at = from;
        for (var hops = 0; hops < 4 && at != to; hops++)
        {
            var next = Longest(plan.Node(at), target);
            // The receiver drops what its peer may not send.
            if (next is null || Longest(plan.Node(next), source) != at)
                return false;
            at = next;
        }

        return at == to;
    }

    private static string? Longest(OverlayNode node, IPAddress target) => node.Peers
        .SelectMany(peer => peer.AllowedIps.Select(range => (peer.Machine, range)))
        .Where(claim => claim.range.Contains(target))
        .OrderByDescending(claim => claim.range.PrefixLength)
        .Select(claim => claim.Machine)
        .FirstOrDefault();

    private static string RandomSpec(Random random)
    {
        var text = new StringBuilder();
        text.Append("kubernetes: {distribution: existing}\noverlay: {kind: wireguard, topology: ");
        text.Append(random.Next(3) == 0 ? "hub" : "mesh").Append("}\nmachines:\n");
        text.Append("  - {name: control, role: control-plane, site: cloud, address: 203.0.113.10}\n");
        var count = random.Next(2, 14);
        for (var i = 0; i < count; i++)
        {
            var site = $"s{random.Next(4)}";
            var address = random.Next(5) switch
            {
                0 => $", address: 198.51.100.{i + 1}",
                1 or 2 => $", address: 192.168.1.{i + 1}",
                3 => $", ssh: u@192.168.1.{i + 100}",
                _ => "",
            };
            text.Append($"  - {{name: m{i}, site: {site}{address}}}\n");
        }

        return text.ToString().TrimEnd();
    }
}
