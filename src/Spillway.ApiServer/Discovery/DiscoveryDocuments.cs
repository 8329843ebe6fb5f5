using System.Text.Json.Nodes;
using Spillway.ApiServer.Registry;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Discovery;

/// <summary>What discovery tells, in its old form (a document a version) and its aggregated one.</summary>
internal sealed class DiscoveryDocuments(TypeCatalog types, Func<bool> measures)
{
    private const string Metrics = "metrics.k8s.io";

    // Answered by whoever measures, and stored nowhere: known to discovery alone.
    private static readonly ResourceType[] s_metrics =
        [Measured("nodes", "NodeMetrics", namespaced: false), Measured("pods", "PodMetrics", namespaced: true)];

    /// <summary>True for a group that discovery tells of.</summary>
    public bool HasGroup(string group) => types.HasGroup(group) || (group == Metrics && measures());

    public bool HasVersion(string group, string version) =>
        types.HasVersion(group, version) || (group == Metrics && version == "v1beta1" && measures());

    /// <summary>Groups in the order clients prefer them: built-in ones as the real server has them, then by name.</summary>
    public IReadOnlyList<string> Groups()
    {
        var builtIn = new List<string>();
        var custom = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var resource in types.All)
        {
            if (resource.Group.Length == 0) continue;
            if (resource.Versions[0].IsCustom) custom.Add(resource.Group);
            else if (!builtIn.Contains(resource.Group)) builtIn.Add(resource.Group);
        }
        if (measures()) builtIn.Add(Metrics);
        custom.ExceptWith(builtIn);
        return [.. builtIn, .. custom];
    }

    /// <summary>Versions of a group, the preferred one first.</summary>
    public IReadOnlyList<string> Versions(string group)
    {
        if (group == Metrics) return ["v1beta1"];
        var versions = new List<string>();
        foreach (var resource in types.All)
        {
            if (resource.Group != group) continue;
            foreach (var type in resource.Versions)
                if (!versions.Contains(type.Version)) versions.Add(type.Version);
        }
        versions.Sort(VersionOrder.Compare);
        return versions;
    }

    /// <summary>Resources of one version, by name.</summary>
    public List<ResourceType> Resources(string group, string version)
    {
        if (group == Metrics) return [.. s_metrics];
        var found = new List<ResourceType>();
        foreach (var resource in types.All)
            if (resource.Group == group && resource.Version(version) is { } type) found.Add(type);
        found.Sort((a, b) => string.CompareOrdinal(a.Resource, b.Resource));
        return found;
    }

    public static JsonObject CoreVersions(string address) => new()
    {
        ["kind"] = "APIVersions",
        ["versions"] = new JsonArray("v1"),
        ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject
        {
            ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = address,
        }),
    };

    public JsonObject GroupList() => new()
    {
        ["kind"] = "APIGroupList",
        ["apiVersion"] = "v1",
        ["groups"] = new JsonArray([.. Groups().Select(g => (JsonNode)GroupBody(g))]),
    };

    public JsonObject? Group(string group)
    {
        if (group.Length == 0 || !HasGroup(group)) return null;
        var shown = new JsonObject { ["kind"] = "APIGroup", ["apiVersion"] = "v1" };
        foreach (var (name, value) in GroupBody(group)) shown[name] = value?.DeepClone();
        return shown;
    }

    private static ResourceType Measured(string resource, string kind, bool namespaced) => new()
    {
        Group = Metrics,
        Version = "v1beta1",
        Kind = kind,
        Resource = resource,
        Singular = "",
        Namespaced = namespaced,
        Verbs = ["get", "list"],
        Schema = new TypeSchema(),
    };

    /// <summary>By name; those of custom resources as they come, status first.</summary>
    private static IEnumerable<SubresourceType> Parts(ResourceType type) =>
        type.IsCustom
            ? type.Subresources.Values : type.Subresources.Values.OrderBy(p => p.Name, StringComparer.Ordinal);

    public JsonObject? ResourceList(string group, string version)
    {
        if (!HasVersion(group, version)) return null;
        var list = new JsonArray();
        foreach (var type in Resources(group, version))
        {
            list.Add(Old(type.Resource, type.Singular, type.Kind, type, null));
            foreach (var part in Parts(type))
                list.Add(Old(type.Resource + "/" + part.Name, "", part.Kind, type, part));
        }
        var shown = new JsonObject { ["kind"] = "APIResourceList" };
        // The core group's document is older than apiVersion in it.
        if (group.Length > 0) shown["apiVersion"] = "v1";
        shown["groupVersion"] = group.Length == 0 ? version : group + "/" + version;
        shown["resources"] = list;
        return shown;
    }

    /// <summary>The aggregated form: of the core group alone, or of all others.</summary>
    public JsonObject Aggregated(bool isCore)
    {
        var items = new JsonArray();
        foreach (var group in isCore ? [""] : Groups())
        {
            var versions = new JsonArray();
            foreach (var version in Versions(group))
            {
                versions.Add(new JsonObject
                {
                    ["version"] = version,
                    ["resources"] = new JsonArray([.. Resources(group, version).Select(t => (JsonNode)New(t))]),
                    ["freshness"] = "Current",
                });
            }
            items.Add(new JsonObject
            {
                ["metadata"] = group.Length == 0 ? [] : new JsonObject { ["name"] = group },
                ["versions"] = versions,
            });
        }
        return new JsonObject
        {
            ["kind"] = "APIGroupDiscoveryList",
            ["apiVersion"] = "apidiscovery.k8s.io/v2",
            ["metadata"] = new JsonObject(),
            ["items"] = items,
        };
    }

    private JsonObject GroupBody(string group)
    {
        var versions = Versions(group);
        return new JsonObject
        {
            ["name"] = group,
            ["versions"] = new JsonArray([.. versions.Select(v => (JsonNode)Version(group, v))]),
            ["preferredVersion"] = Version(group, versions[0]),
        };
    }

    private static JsonObject Version(string group, string version) => new()
    {
        ["groupVersion"] = group + "/" + version, ["version"] = version,
    };

    private static JsonObject Old(string name, string singular, string kind, ResourceType type, SubresourceType? part)
    {
        var shown = new JsonObject { ["name"] = name, ["singularName"] = singular, ["namespaced"] = type.Namespaced };
        if (part is not null && (part.Group != type.Group || part.Version != type.Version))
        {
            if (part.Group.Length > 0) shown["group"] = part.Group;
            shown["version"] = part.Version;
        }
        shown["kind"] = kind;
        shown["verbs"] = List(part?.Verbs ?? type.Verbs);
        if (part is not null) return shown;
        if (type.ShortNames.Length > 0) shown["shortNames"] = List(type.ShortNames);
        if (type.Categories.Length > 0) shown["categories"] = List(type.Categories);
        if (type.StorageVersionHash.Length > 0) shown["storageVersionHash"] = type.StorageVersionHash;
        return shown;
    }

    private static JsonObject New(ResourceType type)
    {
        var shown = new JsonObject
        {
            ["resource"] = type.Resource,
            ["responseKind"] = Kind(type, type.Group, type.Version, type.Kind),
            ["scope"] = type.Namespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = type.Singular,
            ["verbs"] = List(type.Verbs),
        };
        if (type.ShortNames.Length > 0) shown["shortNames"] = List(type.ShortNames);
        if (type.Categories.Length > 0) shown["categories"] = List(type.Categories);
        if (type.Subresources.Count == 0) return shown;
        shown["subresources"] = new JsonArray([.. type.Subresources.Values.OrderBy(p => p.Name, StringComparer.Ordinal)
            .Select(p => (JsonNode)new JsonObject
            {
                ["subresource"] = p.Name, ["responseKind"] = Kind(type, p.Group, p.Version, p.Kind), ["verbs"] =
                    List(p.Verbs),
            })]);
        return shown;
    }

    /// <summary>Built-in kinds of the same version come without group and version, custom ones with them.</summary>
    private static JsonObject Kind(ResourceType type, string group, string version, string kind)
    {
        var isOwn = !type.IsCustom && group == type.Group && version == type.Version;
        return new JsonObject { ["group"] = isOwn ? "" : group, ["version"] = isOwn ? "" : version, ["kind"] = kind };
    }

    private static JsonArray List(string[] items) => new([.. items.Select(i => (JsonNode)i)]);
}

/// <summary>Kubernetes' order of versions: v10, v2, v1, v1beta2, v1alpha1, then the rest by name.</summary>
internal static class VersionOrder
{
    public static int Compare(string left, string right)
    {
        var (a, b) = (Rank(left), Rank(right));
        return a == b ? string.CompareOrdinal(left, right) : b.CompareTo(a);
    }

    private static (int Stage, int Major, int Minor) Rank(string version)
    {
        if (version.Length < 2 || version[0] != 'v') return (-1, 0, 0);
        var at = 1;
        if (!Number(version, ref at, out var major)) return (-1, 0, 0);
        if (at == version.Length) return (2, major, 0);
        var stage = version.AsSpan(at).StartsWith("beta") ? 1 : version.AsSpan(at).StartsWith("alpha") ? 0 : -1;
        if (stage < 0) return (-1, 0, 0);
        at += stage == 1 ? 4 : 5;
        return Number(version, ref at, out var minor) && at == version.Length ? (stage, major, minor) : (-1, 0, 0);
    }

    private static bool Number(string text, ref int at, out int number)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        number = 0;
        return at > start && int.TryParse(text.AsSpan(start, at - start), out number);
    }
}
