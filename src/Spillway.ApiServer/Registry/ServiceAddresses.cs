using System.Net;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Storage;

namespace Spillway.ApiServer.Registry;

/// <summary>Gives services their cluster addresses and node ports, each to one service only.</summary>
internal sealed class ServiceAddresses(ObjectStore store, IdentitySource identities)
{
    // 10.96.0.0/16 of the default service range; its first addresses are for services that ask for a fixed one.
    private const int FirstAddress = 256, LastAddress = 65_534;
    private const int FirstPort = 30_000, LastPort = 32_767;

    // The range that the cluster file has by default, which a service may name an address of.
    private static readonly IPNetwork s_range = IPNetwork.Parse("10.96.0.0/12");

    /// <summary>Fills in what a service that is new, or has another type now, does not name itself.</summary>
    public void Assign(JsonObject service)
    {
        var spec = service.Ensure("spec");
        if (!NeedsAddress(spec)) return;
        if (spec.Text("clusterIP") is not { Length: > 0 })
            spec["clusterIP"] =
                Free(Used("clusterIP"), () => Address(FirstAddress + identities.Below(LastAddress - FirstAddress)));
        spec["clusterIPs"] ??= new JsonArray(spec.Text("clusterIP"));
        spec["ipFamilies"] ??= new JsonArray("IPv4");
        spec["ipFamilyPolicy"] ??= "SingleStack";
        if (!NeedsPorts(spec)) return;
        var ports = UsedPorts(null);
        foreach (var port in spec.Objects("ports"))
            if (port.Number("nodePort") is null or 0) port["nodePort"] = FreePort(ports);
        if (NeedsHealthPort(spec) && spec.Number("healthCheckNodePort") is null or 0)
            spec["healthCheckNodePort"] = FreePort(ports);
    }

    /// <summary>Refuses addresses and ports that are out of range or another service's.</summary>
    public void Check(JsonObject service, JsonObject? old)
    {
        var (spec, before) = (service.Ensure("spec"), old?.Map("spec"));
        var errors = new List<FieldError>();
        var address = spec.Text("clusterIP") ?? "";
        if (NeedsAddress(spec) && address is not ("" or "None") && address != before?.Text("clusterIP")
            && WhyNotAddress(address) is { } why)
            errors.Add(FieldError.Invalid(
                "spec.clusterIPs", spec["clusterIPs"], $"failed to allocate IP {address}: {why}"));
        if (NeedsPorts(spec))
        {
            var used = UsedPorts(service.Ensure("metadata").Text("uid"));
            var i = -1;
            foreach (var port in spec.Objects("ports"))
            {
                i++;
                if (port.Number("nodePort") is { } number and > 0 && WhyNotPort(number, used) is { } reason)
                    errors.Add(FieldError.Invalid($"spec.ports[{i}].nodePort", JsonValue.Create(number), reason));
            }
        }
        if (errors.Count > 0)
            throw ApiFailure.Invalid("", "Service", service.Ensure("metadata").Text("name") ?? "", errors);
    }

    /// <summary>An update that does not name what was assigned keeps it, as long as the type still has such a thing.</summary>
    public static void Keep(JsonObject service, JsonObject old)
    {
        var (spec, before) = (service.Ensure("spec"), old.Ensure("spec"));
        if (NeedsAddress(before) && !NeedsAddress(spec))
            Drop(spec, before, "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy");
        if (NeedsPorts(before) && !NeedsPorts(spec)) DropPorts(spec, before);
        if (NeedsHealthPort(before) && !NeedsHealthPort(spec)) Drop(spec, before, "healthCheckNodePort");
        if (IsBalanced(before) && !IsBalanced(spec))
            Drop(spec, before, "allocateLoadBalancerNodePorts", "loadBalancerClass");
        if (IsExternal(before) && !IsExternal(spec)) Drop(spec, before, "externalTrafficPolicy");
        if (NeedsAddress(before) && NeedsAddress(spec)) KeepAddress(spec, before);
        if (NeedsPorts(before) && NeedsPorts(spec)) KeepPorts(spec, before);
        if (NeedsHealthPort(before) && NeedsHealthPort(spec) && spec.Number("healthCheckNodePort") is null or 0)
            ObjectMeta.Copy(before, spec, "healthCheckNodePort");
    }

    private static bool NeedsAddress(JsonObject spec) => spec.Text("type") != "ExternalName";

    private static bool IsBalanced(JsonObject spec) => spec.Text("type") == "LoadBalancer";

    private static bool IsExternal(JsonObject spec) => spec.Text("type") is "NodePort" or "LoadBalancer";

    private static bool NeedsPorts(JsonObject spec) => IsExternal(spec) && !IsWithoutPorts(spec);

    private static bool NeedsHealthPort(JsonObject spec) =>
        IsBalanced(spec) && spec.Text("externalTrafficPolicy") == "Local";

    private static void Drop(JsonObject spec, JsonObject before, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (JsonNode.DeepEquals(spec[name], before[name])) spec.Remove(name);
    }

    private static void DropPorts(JsonObject spec, JsonObject before)
    {
        var had = before.Objects("ports").Select(p => p.Number("nodePort") ?? 0).ToHashSet();
        if (!spec.Objects("ports").All(p => had.Contains(p.Number("nodePort") ?? 0))) return;
        foreach (var port in spec.Objects("ports")) port.Remove("nodePort");
    }

    private static void KeepAddress(JsonObject spec, JsonObject before)
    {
        // Of the two ways to name the first address the one that was changed counts.
        if (spec.Text("clusterIP") is { Length: > 0 } now && now != before.Text("clusterIP")
            && JsonNode.DeepEquals(spec["clusterIPs"], before["clusterIPs"])) spec["clusterIPs"] = new JsonArray(now);
        foreach (var name in (ReadOnlySpan<string>)["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"])
            if (spec[name] is null || spec.Text(name) == "") ObjectMeta.Copy(before, spec, name);
    }

    private static void KeepPorts(JsonObject spec, JsonObject before)
    {
        var named = spec.Objects("ports").Select(p => p.Number("nodePort") ?? 0).ToHashSet();
        foreach (var port in spec.Objects("ports"))
        {
            if (port.Number("nodePort") is > 0) continue;
            foreach (var known in before.Objects("ports"))
            {
                if (known.Number("port") == port.Number("port") && known.Text("protocol") == port.Text("protocol")
                    && !named.Contains(known.Number("nodePort") ?? 0))
                    ObjectMeta.Copy(known, port, "nodePort");
            }
        }
    }

    private string? WhyNotAddress(string address)
    {
        // What is no address at all was refused before.
        if (!IPAddress.TryParse(address, out var parsed)) return null;
        if (!s_range.Contains(parsed)) return "the provided network does not match the current range";
        return Used("clusterIP").Contains(address) ? "provided IP is already allocated" : null;
    }

    private static string? WhyNotPort(long port, HashSet<string> used) => port is < FirstPort or > LastPort
        ? $"provided port is not in the valid range. The range of valid ports is {FirstPort}-{LastPort}"
        : used.Contains(port.ToString()) ? "provided port is already allocated" : null;

    private int FreePort(HashSet<string> used)
    {
        var chosen = Free(used, () => (FirstPort + identities.Below(LastPort - FirstPort + 1)).ToString());
        used.Add(chosen);
        return int.Parse(chosen);
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

    private HashSet<string> UsedPorts(string? exceptUid)
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in store.List("services", "").Items)
        {
            if (exceptUid is not null && item.Shared.Map("metadata")?.Text("uid") == exceptUid) continue;
            var spec = item.Shared.Map("spec") ?? [];
            foreach (var port in spec.Objects("ports"))
                if (port.Number("nodePort") is { } number) used.Add(number.ToString());
            if (spec.Number("healthCheckNodePort") is { } health) used.Add(health.ToString());
        }
        return used;
    }

    private static string Address(int offset) => $"10.96.{offset >> 8}.{offset & 0xff}";
}
