using System.Net;
using Spillway.Core.Quantities;

namespace Spillway.Core.Doctor;

/// <summary>The layers above the tunnel: what Kubernetes, the pod network and names make of it.</summary>
internal static class ServiceDoctor
{
    // Where agents of pod networks write down the address that others send to.
    private static readonly string[] EndpointAnnotations =
        ["flannel.alpha.coreos.com/public-ip", "projectcalico.org/IPv4Address"];

    public static IEnumerable<Finding> Judge(Ends ends, IReadOnlyDictionary<string, NodeReport>? nodes) =>
        [NodeIp(ends, nodes), CniEndpoint(ends, nodes), ServiceRoute(ends), Dns(ends)];

    private static Finding NodeIp(Ends ends, IReadOnlyDictionary<string, NodeReport>? nodes)
    {
        if (nodes is null)
            return ends.NotSeen(Layer.NodeIp, "the API server does not answer on the control plane");
        foreach (var end in new[] { ends.From, ends.To })
        {
            if (!nodes.TryGetValue(end.Name, out var node))
                return ends.Broken(Layer.NodeIp, $"Kubernetes knows no node {end.Name}", "spillway up joins it");
            if (node.InternalIp != $"{end.NodeIp}")
                return ends.Broken(Layer.NodeIp,
                    $"{end.Name} is registered as {node.InternalIp}, not as {end.NodeIp} ({end.NodeIpWhy})",
                    $"on {end.Name}: set --node-ip={end.NodeIp} for the kubelet (/var/lib/kubelet/kubeadm-flags.env or "
                    + "/etc/default/kubelet) and restart it");
            if (!node.IsReady)
                return ends.Broken(Layer.NodeIp, $"{end.Name} is not Ready: {node.WhyNotReady}",
                    $"on {end.Name}: journalctl -u kubelet");
        }

        return ends.Good(Layer.NodeIp, $"{ends.From.NodeIp} and {ends.To.NodeIp}, both Ready");
    }

    private static Finding CniEndpoint(Ends ends, IReadOnlyDictionary<string, NodeReport>? nodes)
    {
        var seen = false;
        foreach (var end in new[] { ends.From, ends.To })
        {
            if (nodes is null || !nodes.TryGetValue(end.Name, out var node))
                continue;
            foreach (var annotation in EndpointAnnotations.Where(node.Annotations.ContainsKey))
            {
                seen = true;
                var address = node.Annotations[annotation].Split('/')[0];
                if (address != $"{end.NodeIp}")
                    return ends.Broken(Layer.CniEndpoint,
                        $"the pod network sends to {address} for pods of {end.Name} ({annotation}), not to {end.NodeIp}",
                        "spillway up writes its settings; then restart its agent on the node");
            }
        }

        return seen
            ? ends.Good(Layer.CniEndpoint, "the nodes' addresses")
            : ends.NotSeen(Layer.CniEndpoint, "no agent of a pod network has written down its address");
    }

    private static Finding ServiceRoute(Ends ends)
    {
        var services = ends.Plan.Cluster.Kubernetes.ServiceCidr;
        if (ends.From.Routes.FirstOrDefault(route => route.To == services) is not { } planned)
            return ends.NotSeen(Layer.ServiceRoute, "the plan needs none here");
        var leaves = ends.Here.Routes.GetValueOrDefault(HostProbe.ServiceAddress(ends.Plan), "");
        return leaves == planned.Device
            ? ends.Good(Layer.ServiceRoute, $"{services} leaves by {leaves}")
            : ends.Broken(Layer.ServiceRoute,
                $"on {ends.From.Name} calls to services ({services}) leave by {(leaves.Length == 0 ? "nothing" : leaves)}, not by {planned.Device}",
                $"on {ends.From.Name}: ip route show to match {HostProbe.ServiceAddress(ends.Plan)}, remove what is in the "
                + $"way; ip route replace {services} dev {planned.Device} src {planned.Source}");
    }

    private static Finding Dns(Ends ends)
    {
        var cluster = ends.Plan.Cluster;
        var asked = false;
        foreach (var (name, target) in cluster.Names)
        {
            if (!ends.Here.Names.TryGetValue(name, out var found) || found.Length == 0)
                continue;
            asked = true;
            var wanted = Wanted(ends, target);
            if (wanted.Count > 0 && !found.Split(' ').Any(wanted.Contains))
                return ends.Broken(Layer.Dns, $"on {ends.From.Name} {name} leads to {found}, not to {string.Join(" or ", wanted)}",
                    "spillway render names prints the entries for the name server");
        }

        return asked
            ? ends.Good(Layer.Dns, "the file's names lead where they are to")
            : ends.NotSeen(Layer.Dns, cluster.Names.Count == 0
                ? "the file has no names"
                : $"{ends.From.Name} resolves none of the file's names");
    }

    // A machine's name is good by any of its addresses: the office's server gives others than the overlay's.
    private static HashSet<string> Wanted(Ends ends, string target)
    {
        var wanted = new HashSet<string>(StringComparer.Ordinal);
        if (Cidr.TryParseAddress(target, out _))
            wanted.Add(target);
        else if (ends.Plan.Find(target) is { } node)
        {
            foreach (IPAddress? address in new[] { node.NodeIp, node.Machine.Address?.Address })
            {
                if (address is not null)
                    wanted.Add(address.ToString());
            }
        }

        return wanted;
    }
}
