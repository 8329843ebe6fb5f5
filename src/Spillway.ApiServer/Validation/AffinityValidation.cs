using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Validation;

/// <summary>Checks what places a pod: selectors, affinities, tolerations and spreading.</summary>
internal static class AffinityValidation
{
    public static void Affinity(JsonObject affinity, string path, Complaints to)
    {
        if (affinity.Map("nodeAffinity") is { } node) Nodes(node, path + ".nodeAffinity", to);
        foreach (var kind in (string[])["podAffinity", "podAntiAffinity"])
            if (affinity.Map(kind) is { } pods) Pods(pods, $"{path}.{kind}", to);
    }

    public static void NodeSelector(JsonObject selector, string path, Complaints to)
    {
        var terms = selector.Objects("nodeSelectorTerms").ToList();
        if (terms.Count == 0) to.Required(path + ".nodeSelectorTerms", "must have at least one node selector term");
        for (var i = 0; i < terms.Count; i++) Term(terms[i], $"{path}.nodeSelectorTerms[{i}]", to);
    }

    /// <summary>A label selector, as workloads, budgets and policies have it.</summary>
    public static void LabelSelector(JsonObject? selector, string path, Complaints to)
    {
        if (selector is null) return;
        MetadataValidation.Labels(selector.Map("matchLabels"), path + ".matchLabels", to);
        var i = -1;
        foreach (var requirement in selector.Objects("matchExpressions"))
        {
            var at = $"{path}.matchExpressions[{++i}]";
            var values = requirement.Texts("values");
            switch (requirement.Text("operator"))
            {
                case "In" or "NotIn":
                    if (values.Length == 0)
                        to.Required(at + ".values", "must be specified when `operator` is 'In' or 'NotIn'");
                    break;
                case "Exists" or "DoesNotExist":
                    if (values.Length > 0) to.Forbidden(at + ".values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                    break;
                case var other: to.Invalid(at + ".operator", other ?? "", "not a valid selector operator"); break;
            }
            to.Invalid(at + ".key", requirement.Text("key") ?? "", Names.QualifiedName(requirement.Text("key") ?? ""));
            for (var v = 0; v < values.Length; v++) to.Invalid(
                $"{at}.values[{v}]", values[v], Names.LabelValue(values[v]));
        }
    }

    public static void Tolerations(JsonObject spec, string path, Complaints to)
    {
        var i = -1;
        foreach (var toleration in spec.Objects("tolerations"))
        {
            var at = $"{path}[{++i}]";
            var key = toleration.Text("key") ?? "";
            var operation = toleration.Text("operator") ?? "";
            var value = toleration.Text("value") ?? "";
            if (key.Length > 0) to.Invalid(at + ".key", key, Names.QualifiedName(key));
            if (key.Length == 0 && operation != "Exists")
                to.Invalid(at + ".operator", operation,
                    "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
            var effect = toleration.Text("effect") ?? "";
            if (toleration["tolerationSeconds"] is not null && effect != "NoExecute")
                to.Invalid(at + ".effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
            switch (operation)
            {
                case "Equal" or "": to.Invalid(at + ".operator", value, Names.LabelValue(value)); break;
                case "Exists":
                    if (value.Length > 0)
                        to.Invalid(at + ".operator", value, "value must be empty when `operator` is 'Exists'");
                    break;
                default: to.OneOf(at + ".operator", operation, "Equal", "Exists"); break;
            }
            if (effect.Length > 0) to.OneOf(at + ".effect", effect, "NoSchedule", "PreferNoSchedule", "NoExecute");
        }
    }

    public static void Spread(JsonObject spec, string path, Complaints to)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var i = -1;
        foreach (var constraint in spec.Objects("topologySpreadConstraints"))
        {
            var at = $"{path}.topologySpreadConstraints[{++i}]";
            if ((constraint.Number("maxSkew") ?? 0) <= 0)
                to.Invalid(
                    at + ".maxSkew", JsonValue.Create(constraint.Number("maxSkew") ?? 0), "must be greater than zero");
            var key = constraint.Text("topologyKey") ?? "";
            if (key.Length == 0) to.Required(at + ".topologyKey", "can not be empty");
            else to.Invalid(at + ".topologyKey", key, Names.QualifiedName(key));
            var unsatisfiable = constraint.Text("whenUnsatisfiable") ?? "";
            to.OneOf(at + ".whenUnsatisfiable", unsatisfiable, "DoNotSchedule", "ScheduleAnyway");
            if (!seen.Add(key + "/" + unsatisfiable))
                to.Duplicate($"{at}.{{topologyKey, whenUnsatisfiable}}", $"{{{key}, {unsatisfiable}}}");
            LabelSelector(constraint.Map("labelSelector"), at + ".labelSelector", to);
        }
    }

    private static void Nodes(JsonObject affinity, string path, Complaints to)
    {
        const string required = "requiredDuringSchedulingIgnoredDuringExecution";
        if (affinity.Map(required) is { } selector) NodeSelector(selector, $"{path}.{required}", to);
        var i = -1;
        foreach (var preferred in affinity.Objects("preferredDuringSchedulingIgnoredDuringExecution"))
        {
            var at = $"{path}.preferredDuringSchedulingIgnoredDuringExecution[{++i}]";
            Weight(preferred, at, to);
            if (preferred.Map("preference") is { } term) Term(term, at + ".preference", to);
        }
    }

    private static void Term(JsonObject term, string path, Complaints to)
    {
        foreach (var list in (string[])["matchExpressions", "matchFields"])
        {
            var i = -1;
            foreach (var requirement in term.Objects(list))
            {
                var at = $"{path}.{list}[{++i}]";
                var values = requirement.Texts("values");
                switch (requirement.Text("operator"))
                {
                    case "In" or "NotIn":
                        if (values.Length == 0)
                            to.Required(at + ".values", "must be specified when `operator` is 'In' or 'NotIn'");
                        break;
                    case "Exists" or "DoesNotExist":
                        if (values.Length > 0) to.Forbidden(at + ".values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                        break;
                    case "Gt" or "Lt":
                        if (values.Length != 1) to.Required(at + ".values", "must be specified single value when `operator` is 'Lt' or 'Gt'");
                        break;
                    case var other: to.Invalid(at + ".operator", other ?? "", "not a valid selector operator"); break;
                }
                if (list == "matchExpressions")
                    to.Invalid(at + ".key", requirement.Text("key")
                        ?? "", Names.QualifiedName(requirement.Text("key") ?? ""));
                else if (requirement.Text("key") != "metadata.name")
                    to.Invalid(at + ".key", requirement.Text("key") ?? "", "not a valid field selector key");
            }
        }
    }

    private static void Pods(JsonObject affinity, string path, Complaints to)
    {
        var i = -1;
        foreach (var term in affinity.Objects("requiredDuringSchedulingIgnoredDuringExecution"))
            PodTerm(term, $"{path}.requiredDuringSchedulingIgnoredDuringExecution[{++i}]", to);
        i = -1;
        foreach (var preferred in affinity.Objects("preferredDuringSchedulingIgnoredDuringExecution"))
        {
            var at = $"{path}.preferredDuringSchedulingIgnoredDuringExecution[{++i}]";
            Weight(preferred, at, to);
            if (preferred.Map("podAffinityTerm") is { } term) PodTerm(term, at + ".podAffinityTerm", to);
        }
    }

    private static void PodTerm(JsonObject term, string path, Complaints to)
    {
        LabelSelector(term.Map("labelSelector"), path + ".labelSelector", to);
        LabelSelector(term.Map("namespaceSelector"), path + ".namespaceSelector", to);
        foreach (var space in term.Texts("namespaces")) to.Invalid(path + ".namespace", space, Names.DnsLabel(space));
        var key = term.Text("topologyKey") ?? "";
        if (key.Length == 0) to.Required(path + ".topologyKey", "can not be empty");
        else to.Invalid(path + ".topologyKey", key, Names.QualifiedName(key));
    }

    private static void Weight(JsonObject preferred, string at, Complaints to)
    {
        if (preferred.Number("weight") is null or < 1 or > 100)
            to.Invalid(at + ".weight", JsonValue.Create(preferred.Number("weight") ?? 0), "must be in the range 1-100");
    }
}
