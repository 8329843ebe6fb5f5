using System.Net;
using System.Text;
using Spillway.Core.ClusterFile;
using Spillway.Core.Quantities;

namespace Spillway.Core.Overlay;

/// <summary>The cluster file's <c>names</c> for whatever answers names in the office.</summary>
public static class NameFiles
{
    private const string Mark = "spillway";

    /// <summary>
    /// Lines of a hosts file. It knows no wildcards: those are listed as comments, so that nobody misses them silently.
    /// </summary>
    /// <param name="site">Whose network asks; null for machines of the overlay.</param>
    public static string Hosts(OverlayPlan plan, string? site)
    {
        var text = new StringBuilder($"# {Mark}: names of {plan.Cluster.Name}{Seen(site)}\n");
        foreach (var node in plan.Nodes)
        {
            if (AddressOf(node, site) is { } address)
                text.Append($"{address} {node.Name}\n");
        }

        foreach (var (name, address) in Entries(plan, site))
            text.Append(name.StartsWith('*') ? $"# a hosts file cannot say {name} {address}\n" : $"{address} {name}\n");
        return text.ToString();
    }

    /// <summary>A file for /etc/dnsmasq.d.</summary>
    public static string Dnsmasq(OverlayPlan plan, string? site)
    {
        var text = new StringBuilder($"# {Mark}: names of {plan.Cluster.Name}{Seen(site)}\n");
        foreach (var (name, address) in Entries(plan, site))
            text.Append(name.StartsWith("*.", StringComparison.Ordinal)
                ? $"address=/{name[2..]}/{address}\n"
                : $"host-record={name},{address}\n");
        return text.ToString();
    }

    /// <summary>Server blocks for a Corefile; what is not in them falls through to the others.</summary>
    public static string CoreDns(OverlayPlan plan, string? site)
    {
        var text = new StringBuilder($"# {Mark}: names of {plan.Cluster.Name}{Seen(site)}\n");
        var entries = Entries(plan, site).ToList();
        foreach (var (name, address) in entries.Where(entry => entry.Name.StartsWith('*')))
        {
            var type = address.GetAddressBytes().Length == 4 ? "A" : "AAAA";
            var domain = name[2..];
            text.Append($"{domain}:53 {{\n    template IN {type} {domain} {{\n");
            text.Append($"        match \"^.+[.]{domain.Replace(".", "[.]", StringComparison.Ordinal)}[.]$\"\n");
            text.Append($"        answer \"{{{{ .Name }}}} 60 IN {type} {address}\"\n        fallthrough\n    }}\n}}\n");
        }

        var plain = entries.Where(entry => !entry.Name.StartsWith('*')).ToList();
        if (plain.Count == 0)
            return text.ToString();
        text.Append(string.Join(' ', plain.Select(entry => $"{entry.Name}:53"))).Append(" {\n    hosts {\n");
        foreach (var (name, address) in plain)
            text.Append($"        {address} {name}\n");
        return text.Append("        fallthrough\n    }\n}\n").ToString();
    }

    private static IEnumerable<(string Name, IPAddress Address)> Entries(OverlayPlan plan, string? site)
    {
        foreach (var (name, target) in plan.Cluster.Names)
        {
            if (Cidr.TryParseAddress(target, out var said))
                yield return (name, said);
            else if (plan.Find(target) is { } node && AddressOf(node, site) is { } address)
                yield return (name, address);
        }
    }

    // Somebody in the office without a tunnel reaches the office's machines locally and the others, if at all, publicly.
    private static IPAddress? AddressOf(OverlayNode node, string? site)
    {
        if (site is null)
            return node.NodeIp;
        var reach = Reach.Of(node.Machine, 0);
        return (node.Machine.Site == site ? reach.InSite : reach.Public)?.Address ?? node.NodeIp;
    }

    private static string Seen(string? site) => site is null ? "" : $", as seen from {site}";
}
