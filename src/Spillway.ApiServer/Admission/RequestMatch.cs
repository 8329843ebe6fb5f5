using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Admission;

/// <summary>Whether rules and selectors of webhooks and policies mean a request.</summary>
internal sealed class RequestMatch(ClusterReads cluster)
{
    /// <summary>Nothing may intercept what configures interception, or a broken policy could never be repaired.</summary>
    public static bool IsExempt(AdmissionRequest request) => request.Type.Group == "admissionregistration.k8s.io";

    /// <summary>
    /// The type in whose version the webhook wants the object; null when no rule means the request. With matchPolicy
    /// Equivalent a rule for another version of the same resource counts, too.
    /// </summary>
    public ResourceType? Find(AdmissionRequest request, IEnumerable<JsonObject> rules, string matchPolicy)
    {
        var list = rules as IReadOnlyList<JsonObject> ?? [.. rules];
        if (list.Any(r => Matches(r, request, request.Type))) return request.Type;
        if (matchPolicy == "Exact") return null;
        foreach (var type in cluster.Types())
        {
            if (type.Resource != request.Type.Resource || type.Kind != request.Type.Kind) continue;
            if (type.Group != request.Type.Group || type.Version == request.Type.Version) continue;
            if (list.Any(r => Matches(r, request, type))) return type;
        }

        return null;
    }

    private static bool Matches(JsonObject rule, AdmissionRequest request, ResourceType type)
    {
        if (!Has(rule, "operations", request.Operation.ToString().ToUpperInvariant())) return false;
        if (!Has(rule, "apiGroups", type.Group) || !Has(rule, "apiVersions", type.Version)) return false;
        if (rule.Texts("resourceNames") is { Length: > 0 } names && !names.Contains(request.Name)) return false;
        var scope = rule.Text("scope") ?? "*";
        if (scope == "Namespaced" && request.Namespace.Length == 0) return false;
        if (scope == "Cluster" && request.Namespace.Length > 0) return false;
        foreach (var resource in rule.Texts("resources"))
        {
            var slash = resource.IndexOf('/', StringComparison.Ordinal);
            var (name, part) = slash < 0 ? (resource, "") : (resource[..slash], resource[(slash + 1)..]);
            if ((name == "*" || name == type.Resource) && (part == "*" || part == request.Subresource)) return true;
        }

        return false;
    }

    private static bool Has(JsonObject rule, string field, string value)
    {
        var texts = rule.Texts(field);
        return texts.Contains("*") || texts.Contains(value, StringComparer.Ordinal);
    }

    public bool Selects(JsonObject matcher, AdmissionRequest request)
    {
        if (matcher.Map("namespaceSelector") is { Count: > 0 } spaces)
        {
            var isNamespace = request.IsAny("", "namespaces");
            if (isNamespace || request.Namespace.Length > 0)
            {
                var holder = isNamespace ? request.Object ?? request.OldObject
                    : cluster.Get("", "namespaces", "", request.Namespace);
                if (!Selects(spaces, holder)) return false;
            }
        }

        if (matcher.Map("objectSelector") is not { Count: > 0 } objects) return true;
        return Selects(objects, request.Object)
            || (request.OldObject is not null && Selects(objects, request.OldObject));
    }

    /// <summary>A LabelSelector against the labels of an object.</summary>
    public static bool Selects(JsonObject selector, JsonObject? item)
    {
        if (item is null) return false;
        var labels = item.Map("metadata")?.Map("labels") ?? [];
        foreach (var (key, value) in selector.Map("matchLabels") ?? [])
        {
            if (labels.Text(key) != value.AsText()) return false;
        }

        foreach (var term in selector.Objects("matchExpressions"))
        {
            var own = labels.Text(term.Text("key") ?? "");
            var values = term.Texts("values");
            var fits = term.Text("operator") switch
            {
                "In" => own is not null && values.Contains(own),
                "NotIn" => own is null || !values.Contains(own),
                "Exists" => own is not null,
                "DoesNotExist" => own is null,
                _ => false,
            };
            if (!fits) return false;
        }

        return true;
    }
}
