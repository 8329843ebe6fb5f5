using Spillway.ApiServer.Storage;

namespace Spillway.ApiServer.Registry;

/// <summary>A field selector of a query, such as <c>spec.nodeName=a,status.phase!=Running</c>.</summary>
public sealed class FieldSelector
{
    private readonly List<Term> _terms;

    private FieldSelector(List<Term> terms) => _terms = terms;

    public bool IsEmpty => _terms.Count == 0;

    /// <summary>The one name that can match; null when any can.</summary>
    public string? Name
    {
        get
        {
            foreach (var term in _terms)
                if (term is { Path: ["metadata", "name"], IsNot: false }) return term.Value;
            return null;
        }
    }

    public bool Matches(StoredObject item)
    {
        foreach (var term in _terms)
            if (!term.Matches(item)) return false;
        return true;
    }

    /// <summary>Throws 400 for a broken selector or a field that the kind does not support.</summary>
    public static FieldSelector Parse(string text, ServedResource resource, string kind)
    {
        var terms = new List<Term>();
        foreach (var part in Split(text))
        {
            if (part.Length == 0) continue;
            var at = part.IndexOf('=');
            if (at < 0) throw ApiFailure.BadRequest($"invalid selector: '{text}'; can't understand '{part}'");
            var isNot = at > 0 && part[at - 1] == '!';
            var label = part[..(isNot ? at - 1 : at)];
            var value = part[(at + 1)..].TrimStart('=');
            if (label is not ("metadata.name" or "metadata.namespace") && !resource.FieldLabels.Contains(label))
                throw ApiFailure.BadRequest(Unsupported(resource, kind, label));
            terms.Add(new Term(
                PathOf(resource, label), value.Replace("\\,", ",").Replace("\\=", "=").Replace("\\\\", "\\"), isNot));
        }
        return new FieldSelector(terms);
    }

    private static string Unsupported(ServedResource resource, string kind, string label) => resource.StoreName switch
    {
        "pods" or "nodes" or "namespaces" or "secrets" or "services" or "events" or "replicationcontrollers"
            or "replicasets.apps" or "certificatesigningrequests.certificates.k8s.io" =>
            $"field label not supported: {label}",
        "jobs.batch" => $"field label \"{label}\" not supported for Job",
        _ when resource.Storage.IsCustom => $"field label not supported: {label}",
        _ => $"\"{label}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
    };

    /// <summary>Events are stored in the core group's words.</summary>
    private static string[] PathOf(ServedResource resource, string label) => resource.StoreName == "events"
        ? label switch
        {
            "source" => ["source", "component"],
            "reportingController" => ["reportingComponent"],
            _ when label.StartsWith("regarding.", StringComparison.Ordinal) =>
                ["involvedObject", label["regarding.".Length..]],
            _ => label.Split('.'),
        }
        : label.Split('.');

    private static List<string> Split(string text)
    {
        var parts = new List<string>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\') i++;
            else if (text[i] == ',')
            {
                parts.Add(text[start..i]);
                start = i + 1;
            }
        }
        parts.Add(text[start..]);
        return parts;
    }

    private sealed record Term(string[] Path, string Value, bool IsNot)
    {
        public bool Matches(StoredObject item) => (Read(item) == Value) != IsNot;

        private string Read(StoredObject item) => Path switch
        {
            ["metadata", "name"] => item.Name,
            ["metadata", "namespace"] => item.Namespace,
            ["spec", "unschedulable"] or ["spec", "hostNetwork"] => JsonScan.Text(item.Bytes.Span, Path) ?? "false",
            ["status", "replicas"] or ["status", "successful"] => ReadCount(item),
            ["status", "podIPs"] => JsonScan.Text(item.Bytes.Span, "status", "podIP") ?? "",
            _ => JsonScan.Text(item.Bytes.Span, Path) ?? "",
        };

        private string ReadCount(StoredObject item) => JsonScan.Text(item.Bytes.Span,
            Path[1] == "successful" ? ["status", "succeeded"] : Path) ?? "0";
    }
}
