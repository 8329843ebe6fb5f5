using System.Text.Json.Nodes;
using Spillway.ApiServer.Storage;

namespace Spillway.ApiServer.Registry;

/// <summary>Gives services their cluster addresses and node ports, each to one service only.</summary>
internal sealed class ServiceAddresses(ObjectStore store, IdentitySource identities)
{
    // 10.96.0.0/16 of the default service range; its first addresses are for services that ask for a fixed one.
    private const int FirstAddress = 256, LastAddress = 65_534;
    private const int FirstPort = 30_000, LastPort = 32_767;

    public void Assign(JsonObject service)
    {
        var spec = service.Ensure("spec");
        var type = spec.Text("type") ?? "ClusterIP";
        if (type == "ExternalName") return;
        if (spec.Text("clusterIP") is not { Length: > 0 })
            spec["clusterIP"] =
                Free(Used("clusterIP"), () => Address(FirstAddress + identities.Below(LastAddress - FirstAddress)));
        spec["clusterIPs"] ??= new JsonArray(spec.Text("clusterIP"));
        spec["ipFamilies"] ??= new JsonArray("IPv4");
        spec["ipFamilyPolicy"] ??= "SingleStack";
        if (type is not ("NodePort" or "LoadBalancer") || IsWithoutPorts(spec)) return;
        var ports = UsedPorts();
        foreach (var port in spec.Objects("ports"))
        {
            if (port.Number("nodePort") is > 0) continue;
            var chosen = Free(ports, () => (FirstPort + identities.Below(LastPort - FirstPort + 1)).ToString());
            ports.Add(chosen);
            port["nodePort"] = int.Parse(chosen);
        }
    }

    /// <summary>An update that does not name what was assigned keeps it.</summary>
    public static void Keep(JsonObject service, JsonObject old)
    {
        var (spec, before) = (service.Ensure("spec"), old.Ensure("spec"));
        if (spec.Text("type") == "ExternalName" || before.Text("type") == "ExternalName") return;
        foreach (var name in (ReadOnlySpan<string>)["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"])
            if (spec[name] is null || spec.Text(name) == "") ObjectMeta.Copy(before, spec, name);
        if (spec.Text("type") is not ("NodePort" or "LoadBalancer")) return;
        foreach (var port in spec.Objects("ports"))
        {
            if (port.Number("nodePort") is > 0) continue;
            foreach (var known in before.Objects("ports"))
            {
                if (known.Number("port") == port.Number("port") && known.Text("protocol") == port.Text("protocol"))
                    ObjectMeta.Copy(known, port, "nodePort");
            }
        }
    }

    private static bool IsWithoutPorts(JsonObject spec) =>
        spec.Text("type") == "LoadBalancer"
            && spec["allocateLoadBalancerNodePorts"]?.GetValueKind() == System.Text.Json.JsonValueKind.False;

    private static string Free(HashSet<string> used, Func<string> draw)
    {
        for (var attempt = 0; attempt < 10_000; attempt++)
        {
            var chosen = draw();
            if (!used.Contains(chosen)) return chosen;
        }
        throw new ApiFailure(500, "InternalError", "Internal error occurred: failed to allocate a serviceIP: range is full");
    }

    private HashSet<string> Used(string field)
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in store.List("services", "").Items)
            if (JsonScan.Text(item.Bytes.Span, "spec", field) is { } value) used.Add(value);
        return used;
    }

    private HashSet<string> UsedPorts()
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in store.List("services", "").Items)
        {
            foreach (var port in item.Shared.Map("spec")?.Objects("ports") ?? [])
                if (port.Number("nodePort") is { } number) used.Add(number.ToString());
        }
        return used;
    }

    private static string Address(int offset) => $"10.96.{offset >> 8}.{offset & 0xff}";
}
