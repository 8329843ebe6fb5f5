using System.Net;
using Spillway.Core.ClusterFile;
using Spillway.Core.Quantities;

namespace Spillway.Core.Overlay;

/// <summary>Turns machines, sites and what the file says of their reachability into a network.</summary>
public static class OverlayPlanner
{
    /// <param name="kept">Overlay addresses given out earlier, by machine name.</param>
    public static OverlayPlan Plan(Cluster cluster, IReadOnlyDictionary<string, IPAddress> kept)
    {
        var ways = new Ways(cluster);
        var all = ways.All();
        var hasTunnel = cluster.Overlay.Kind != OverlayKind.None;
        var device = cluster.Overlay.Kind switch
        {
            OverlayKind.WireGuard => "wg0",
            OverlayKind.OpenVpn => "tun0",
            _ => "",
        };
        var addresses = OverlayAddresses.Assign(cluster, kept);
        var mtu = TunnelMtu.Of(cluster, cluster.Machines);
        var peers = hasTunnel ? new PeerTable(cluster, ways, all, addresses) : null;

        var nodes = cluster.Machines
            .Select(machine => Node(machine, cluster, ways, device, addresses, mtu, peers))
            .ToList();
        var api = Api(cluster, nodes);
        nodes = [.. nodes.Select(node => node with { Firewall = FirewallRules.For(node, nodes, cluster) })];
        var complaints = new List<Diagnostic>();
        if (hasTunnel)
            complaints.AddRange(OverlayComplaints.Of(cluster, ways, all, nodes));
        return new OverlayPlan
        {
            Cluster = cluster,
            Device = device,
            Hub = hasTunnel ? ways.Hub?.Name : null,
            Mtu = mtu,
            Nodes = nodes,
            Ways = hasTunnel ? all : [],
            Api = api,
            Pods = PodNetworkSettings.For(cluster, nodes, mtu, api),
            Complaints = complaints,
        };
    }

    private static OverlayNode Node(
        Machine machine, Cluster cluster, Ways ways, string device,
        IReadOnlyDictionary<string, IPAddress> addresses, TunnelMtu mtu, PeerTable? peers)
    {
        var gateway = peers is null ? null : ways.GatewayOf(machine);
        var own = gateway is null ? addresses.GetValueOrDefault(machine.Name) : null;
        var (nodeIp, why) = NodeIp(machine, ways, own, gateway, device);
        var ownTunnel = own is not null;
        var leavesBy = ownTunnel ? device : machine.Interface;
        var mtus = new List<InterfaceMtu> { new(machine.Interface, machine.Mtu, "what its card sends") };
        if (ownTunnel)
            mtus.Add(new InterfaceMtu(device, mtu.Tunnel, mtu.TunnelWhy));
        mtus.Add(new InterfaceMtu("pods", mtu.Pod, mtu.PodWhy));
        return new OverlayNode
        {
            Machine = machine,
            OverlayAddress = own,
            NodeIp = nodeIp,
            NodeIpWhy = why,
            Interface = leavesBy,
            Gateway = gateway,
            IsCalled = peers?.IsCalled(machine.Name) ?? false,
            Forwards = peers?.Forwards(machine.Name) ?? false,
            Peers = ownTunnel && peers is not null ? peers.Of(machine) : [],
            Routes = Routes(machine, cluster, ways, own, gateway, device),
            Firewall = [],
            Mtus = mtus,
        };
    }

    private static (IPAddress? Address, string Why) NodeIp(
        Machine machine, Ways ways, IPAddress? own, string? gateway, string device)
    {
        if (own is not null)
            return (own, $"its address on {device}: the kubelet would otherwise register the one of the default route");
        var reach = ways.ReachOf(machine);
        var known = (gateway is null ? reach.Public ?? reach.Local : reach.Local)?.Address;
        return gateway is null
            ? (known, "its address in the file: there is no overlay")
            : (known, $"its address at {machine.Site}, which the tunnel of {gateway} carries");
    }

    private static List<NodeRoute> Routes(
        Machine machine, Cluster cluster, Ways ways, IPAddress? own, string? gateway, string device)
    {
        var routes = new List<NodeRoute>();
        if (own is not null)
        {
            routes.Add(new NodeRoute(cluster.Overlay.Cidr, device, null, own, "the other nodes"));
            foreach (var site in cluster.Sites.Where(site => site is { Gateway: not null, Cidr: not null }
                && site.Name != machine.Site))
                routes.Add(new NodeRoute(site.Cidr!, device, null, own, $"{site.Name}, behind {site.Gateway}"));
            var services = cluster.Kubernetes.ServiceCidr;
            if (machine.Role == MachineRole.Worker && services.IsIpv6 == cluster.Overlay.Cidr.IsIpv6)
                routes.Add(new NodeRoute(services, device, null, own,
                    "a process of the host that calls a service must send from the overlay address: other nodes drop "
                    + "any other, and until kube-proxy runs nothing rewrites it"));
        }
        else if (gateway is not null && cluster.FindMachine(gateway) is { } machineOfGateway
            && ways.ReachOf(machineOfGateway).Local?.Address is { } via)
        {
            routes.Add(new NodeRoute(cluster.Overlay.Cidr, machine.Interface, via, null,
                $"the tunnel ends at {gateway}; a cloud's subnet needs the same route, and its source/destination "
                + $"check off on {gateway}"));
        }

        return routes;
    }

    private static ApiServerPlan Api(Cluster cluster, IReadOnlyList<OverlayNode> nodes)
    {
        var advertise = new SortedDictionary<string, IPAddress>(StringComparer.Ordinal);
        var sans = new List<string>();
        OverlayNode? first = null;
        foreach (var node in nodes.Where(node => node.Machine.Role == MachineRole.ControlPlane))
        {
            sans.Add(node.Name);
            if (node.NodeIp is { } address)
            {
                advertise[node.Name] = address;
                first ??= node;
                sans.Add(address.ToString());
            }

            if (node.Machine.Address is { } outside)
                sans.Add(outside.Host);
            sans.AddRange(cluster.Names.Where(name => name.Value == node.Name).Select(name => name.Key));
        }

        sans.AddRange(["127.0.0.1", "localhost"]);
        return new ApiServerPlan(
            first is null ? null : new Endpoint(first.NodeIp!.ToString(), ApiServerPlan.Port), advertise,
            [.. sans.Distinct()]);
    }
}
