using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>
/// Decides a definition's status from its spec and the definitions beside it: which names it gets, whether it is
/// established. Names belong to whoever had them accepted first; the order is that of creation.
/// </summary>
public static class NamesController
{
    /// <summary>The definition with its next status; null when nothing changes.</summary>
    public static JsonObject? Next(JsonObject definition, IReadOnlyList<JsonObject> all, DateTimeOffset now)
    {
        var next = (JsonObject)definition.DeepClone();
        var spec = next.Map("spec") ?? [];
        var requested = spec.Map("names") ?? [];
        var accepted = next.Ensure("status").Ensure("acceptedNames");
        var name = next.Map("metadata")?.Text("name") ?? "";
        var taken = Taken(all, spec.Text("group") ?? "", name);
        var conflict = Accept(requested, accepted, taken, out var granted);
        next.Map("status")!["acceptedNames"] = granted;
        if (conflict is { } c)
        {
            DefinitionConditions.Set(next, "NamesAccepted", "False", c.Reason, c.Message, now);
        }
        else
        {
            DefinitionConditions.Set(next, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now);
        }

        // Once established a definition stays so: its objects exist.
        if (!DefinitionConditions.IsTrue(next, "Established"))
        {
            if (conflict is not null)
                DefinitionConditions.Set(next, "Established", "False", "NotAccepted", "not all names are accepted",
                    now);
            else
            {
                DefinitionConditions.Set(next, "Established", "True", "InitialNamesAccepted",
                    "the initial names have been accepted", now);
            }
        }

        Approve(next, now);
        return JsonNode.DeepEquals(next["status"], definition["status"]) ? null : next;
    }

    /// <summary>The definition with its Terminating condition; null when it has that one already.</summary>
    public static JsonObject? Terminate(JsonObject definition, int left, DateTimeOffset now)
    {
        var next = (JsonObject)definition.DeepClone();
        if (left > 0)
        {
            DefinitionConditions.Set(next, "Terminating", "True", "InstanceDeletionInProgress",
                "CustomResource deletion is in progress", now);
        }
        else
        {
            DefinitionConditions.Set(next, "Terminating", "False", "InstanceDeletionCompleted",
                "removed all instances", now);
        }

        return JsonNode.DeepEquals(next["status"], definition["status"]) ? null : next;
    }

    /// <summary>Names in protected groups say who approved them.</summary>
    private static void Approve(JsonObject definition, DateTimeOffset now)
    {
        var group = definition.Map("spec")?.Text("group") ?? "";
        if (!group.EndsWith(".k8s.io", StringComparison.Ordinal)
            && !group.EndsWith(".kubernetes.io", StringComparison.Ordinal)) return;
        const string annotation = "api-approved.kubernetes.io";
        var approval = definition.Map("metadata")?.Map("annotations")?.Text(annotation) ?? "";
        const string type = "KubernetesAPIApprovalPolicyConformant";
        if (approval.StartsWith("unapproved", StringComparison.Ordinal))
        {
            DefinitionConditions.Set(definition, type, "False", "UnapprovedAnnotation",
                $"not approved: \"{approval}\"", now);
        }
        else if (DefinitionRules.Approves(approval))
        {
            DefinitionConditions.Set(definition, type, "True", "ApprovedAnnotation", $"approved in {approval}", now);
        }
    }

    private static (string Reason, string Message)? Accept(
        JsonObject requested, JsonObject accepted, (HashSet<string> Names, HashSet<string> Kinds) taken,
            out JsonObject granted)
    {
        (string, string)? conflict = null;
        var names = new JsonObject();
        Give("plural", "PluralConflict", taken.Names);
        Give("singular", "SingularConflict", taken.Names);
        var shorts = requested.Texts("shortNames");
        if (shorts.FirstOrDefault(taken.Names.Contains) is { } taken1)
        {
            conflict = ("ShortNamesConflict", $"\"{taken1}\" is already in use");
            if (accepted.List("shortNames") is { } before) names["shortNames"] = before.DeepClone();
        }
        else if (requested.List("shortNames") is { } list)
        {
            names["shortNames"] = list.DeepClone();
        }

        Give("kind", "KindConflict", taken.Kinds);
        Give("listKind", "ListKindConflict", taken.Kinds);
        if (requested.List("categories") is { } categories) names["categories"] = categories.DeepClone();
        granted = DefinitionNames.Accepted(names);
        return conflict;

        void Give(string field, string reason, HashSet<string> others)
        {
            var wanted = requested.Text(field) ?? "";
            if (wanted.Length > 0 && others.Contains(wanted))
            {
                // The last conflict found is the one that shows.
                conflict = (reason, $"\"{wanted}\" is already in use");
                wanted = accepted.Text(field) ?? "";
            }

            names[field] = wanted;
        }
    }

    private static (HashSet<string> Names, HashSet<string> Kinds) Taken(
        IReadOnlyList<JsonObject> all, string group, string but)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var kinds = new HashSet<string>(StringComparer.Ordinal);
        foreach (var other in all)
        {
            if (other.Map("spec")?.Text("group") != group || other.Map("metadata")?.Text("name") == but) continue;
            if (other.Map("status")?.Map("acceptedNames") is not { } accepted) continue;
            Add(names, accepted.Text("plural"));
            Add(names, accepted.Text("singular"));
            names.UnionWith(accepted.Texts("shortNames"));
            Add(kinds, accepted.Text("kind"));
            Add(kinds, accepted.Text("listKind"));
        }

        return (names, kinds);
    }

    private static void Add(HashSet<string> set, string? name)
    {
        if (name is { Length: > 0 }) set.Add(name);
    }
}
