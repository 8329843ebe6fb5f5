using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Printing;

/// <summary>Lines of the core kinds.</summary>
internal static class CoreCells
{
    private const string RolePrefix = "node-role.kubernetes.io/";

    public static object?[] NameAndAge(JsonObject item, DateTimeOffset now) => [Cells.Name(item), Cells.Age(item, now)];

    public static object?[] Namespace(JsonObject item, DateTimeOffset now) =>
        [Cells.Name(item), item.Map("status")?.Text("phase") ?? "", Cells.Age(item, now)];

    public static object?[] ConfigMap(JsonObject item, DateTimeOffset now) =>
        [Cells.Name(item), Count(item, "data") + Count(item, "binaryData"), Cells.Age(item, now)];

    public static object?[] Secret(JsonObject item, DateTimeOffset now) =>
        [Cells.Name(item), item.Text("type") ?? "", Count(item, "data"), Cells.Age(item, now)];

    public static object?[] Node(JsonObject node, DateTimeOffset now)
    {
        var info = node.Map("status")?.Map("nodeInfo");
        return
        [
            Cells.Name(node), NodeStatus(node), Roles(node), Cells.Age(node, now), info?.Text("kubeletVersion") ?? "",
            Address(node, "InternalIP"), Address(node, "ExternalIP"), OrUnknown(info?.Text("osImage")),
            OrUnknown(info?.Text("kernelVersion")), OrUnknown(info?.Text("containerRuntimeVersion")),
        ];
    }

    public static object?[] Service(JsonObject service, DateTimeOffset now)
    {
        var spec = service.Map("spec");
        var ip = spec?.Text("clusterIP");
        return
        [
            Cells.Name(service), spec?.Text("type") ?? "", Cells.OrNone(ip), External(service), Ports(spec),
            Cells.Age(service, now), Cells.Labels(spec?.Map("selector")),
        ];
    }

    public static object?[] Endpoints(JsonObject item, DateTimeOffset now)
    {
        var all = new List<string>();
        foreach (var subset in item.Objects("subsets"))
        {
            var ports = subset.Objects("ports").ToList();
            foreach (var address in subset.Objects("addresses"))
            {
                if (ports.Count == 0) all.Add(address.Text("ip") ?? "");
                foreach (var port in ports) all.Add($"{address.Text("ip")}:{port.Number("port")}");
            }
        }
        return [Cells.Name(item), All(all), Cells.Age(item, now)];
    }

    public static object?[] EndpointSlice(JsonObject item, DateTimeOffset now)
    {
        var ports = item.Objects("ports").Select(p => p.Number("port")?.ToString() ?? "*").ToList();
        var addresses = item.Objects("endpoints").SelectMany(e => e.Texts("addresses")).ToList();
        return
        [
            Cells.Name(item), item.Text("addressType") ?? "", ports.Count == 0 ? Cells.Unset : Some(ports),
            addresses.Count == 0 ? Cells.Unset : Some(addresses), Cells.Age(item, now),
        ];
    }

    public static object?[] ComponentStatus(JsonObject item, DateTimeOffset now)
    {
        var health = item.Objects("conditions").FirstOrDefault(c => c.Text("type") == "Healthy");
        var status = health?.Text("status") switch { "True" => "Healthy", "False" => "Unhealthy", _ => "Unknown" };
        return [Cells.Name(item), status, health?.Text("message") ?? "", health?.Text("error") ?? ""];
    }

    public static object?[] Event(JsonObject item, DateTimeOffset now)
    {
        var about = item.Map("involvedObject") ?? item.Map("regarding");
        var series = item.Map("series");
        var eventTime = item.Text("eventTime");
        var first = item.Text("firstTimestamp") ?? item.Text("deprecatedFirstTimestamp");
        var last = item.Text("lastTimestamp") ?? item.Text("deprecatedLastTimestamp");
        var seenFirst = Cells.Since(first ?? eventTime, now);
        var seenLast = series is not null ? Cells.Since(series.Text("lastObservedTime"), now)
            : last is not null ? Cells.Since(last, now) : Cells.Since(first ?? eventTime, now);
        var count = series?.Number("count") ?? item.Number("count") ?? item.Number("deprecatedCount") ?? 0;
        return
        [
            seenLast, item.Text("type") ?? "", item.Text("reason") ?? "",
            $"{about?.Text("kind")?.ToLowerInvariant()}/{about?.Text("name")}", about?.Text("fieldPath")
                ?? "", Source(item),
            (item.Text("message") ?? item.Text("note") ?? "").Trim(), seenFirst, Math.Max(count, 1).ToString(),
                Cells.Name(item),
        ];
    }

    public static object?[] Quota(JsonObject item, DateTimeOffset now)
    {
        var requests = new List<string>();
        var limits = new List<string>();
        var used = item.Map("status")?.Map("used");
        foreach (
            var (name, hard) in (item.Map("status")?.Map("hard") ?? []).OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            var target = name.StartsWith("limits", StringComparison.Ordinal) ? limits : requests;
            target.Add($"{name}: {used?[name] ?? "0"}/{hard}");
        }
        return [Cells.Name(item), string.Join(", ", requests), string.Join(", ", limits), Cells.Age(item, now)];
    }

    /// <summary>The first three, and how many more.</summary>
    public static string Some(IReadOnlyList<string> all) =>
        all.Count <= 3 ? string.Join(',', all) : $"{string.Join(',', all.Take(3))} + {all.Count - 3} more...";

    private static string All(List<string> all) => all.Count == 0 ? Cells.None : Some(all);

    private static int Count(JsonObject item, string map) => item.Map(map)?.Count ?? 0;

    private static string OrUnknown(string? text) => string.IsNullOrEmpty(text) ? Cells.Unknown : text;

    private static string NodeStatus(JsonObject node)
    {
        var ready = Cells.Condition(node, "Ready");
        var status = ready is null ? "Unknown" : ready.Text("status") == "True" ? "Ready" : "NotReady";
        return node.Map("spec")?.Flag("unschedulable") == true ? status + ",SchedulingDisabled" : status;
    }

    private static string Roles(JsonObject node)
    {
        var roles = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (key, value) in node.Map("metadata")?.Map("labels") ?? [])
        {
            if (key.StartsWith(RolePrefix, StringComparison.Ordinal) && key.Length > RolePrefix.Length)
                roles.Add(key[RolePrefix.Length..]);
            else if (key == "kubernetes.io/role" && value.AsText() is { Length: > 0 } role) roles.Add(role);
        }
        return roles.Count == 0 ? Cells.None : string.Join(',', roles);
    }

    private static string Address(JsonObject node, string type) => Cells.OrNone(node.Map("status")?.Objects("addresses")
        .FirstOrDefault(a => a.Text("type") == type)?.Text("address"));

    private static string External(JsonObject service)
    {
        var spec = service.Map("spec");
        var given = spec?.Texts("externalIPs") ?? [];
        switch (spec?.Text("type"))
        {
            case "LoadBalancer":
                var balancers = (service.Map("status")?.Map("loadBalancer")?.Objects("ingress") ?? [])
                    .Select(i => i.Text("ip") is { Length: > 0 } ip ? ip : i.Text("hostname")
                        ?? "").Where(a => a.Length > 0);
                string[] all = [.. balancers, .. given];
                return all.Length == 0 ? "<pending>" : string.Join(',', all);
            case "ExternalName": return spec.Text("externalName") ?? "";
            default: return given.Length == 0 ? Cells.None : string.Join(',', given);
        }
    }

    private static string Ports(JsonObject? spec)
    {
        var ports = (spec?.Objects("ports") ?? []).Select(p => p.Number("nodePort") is { } node and > 0
            ? $"{p.Number("port")}:{node}/{p.Text("protocol")}"
            : $"{p.Number("port")}/{p.Text("protocol")}").ToList();
        return ports.Count == 0 ? Cells.None : string.Join(',', ports);
    }

    private static string Source(JsonObject item)
    {
        var source = item.Map("source") ?? item.Map("deprecatedSource");
        var component = source?.Text("component") is { Length: > 0 } named
            ? named : item.Text("reportingComponent") ?? item.Text("reportingController") ?? "";
        return source?.Text("host") is { Length: > 0 } host ? $"{component}, {host}" : component;
    }
}
