using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Admission;

/// <summary>Turns a pod's priority class into its priority, and keeps global defaults single.</summary>
internal sealed class PriorityAdmission(ClusterReads cluster)
{
    private const string Group = "scheduling.k8s.io";

    public ValueTask Admit(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.Is("", "pods") || request.Object?.Map("spec") is not { } spec) return ValueTask.CompletedTask;
        if (request.Operation == AdmissionOperation.Create) Resolve(request, spec);
        else if (request.Operation == AdmissionOperation.Update
            && request.OldObject?.Map("spec") is { } old) Keep(spec, old);
        return ValueTask.CompletedTask;
    }

    public ValueTask Validate(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.IsWrite || !request.Is(Group, "priorityclasses") || request.Object is not { } mine)
            return ValueTask.CompletedTask;
        if (!mine.Flag("globalDefault") || GlobalDefault() is not { } other) return ValueTask.CompletedTask;
        var name = other.Map("metadata")?.Text("name");
        if (request.Operation == AdmissionOperation.Create || name != request.Name)
            throw request.Forbidden($"PriorityClass {name} is already marked as default. Only one default can exist");
        return ValueTask.CompletedTask;
    }

    /// <summary>A client that read the pod before priorities were known must not erase them.</summary>
    private static void Keep(JsonObject spec, JsonObject old)
    {
        foreach (var field in new[] { "priority", "preemptionPolicy" })
        {
            if (spec[field] is null && old[field] is { } value) spec[field] = value.DeepClone();
        }
    }

    private void Resolve(AdmissionRequest request, JsonObject spec)
    {
        var name = spec.Text("priorityClassName") ?? "";
        var found = name.Length == 0 ? GlobalDefault() : Find(name)
            ?? throw request.Forbidden($"no PriorityClass with name {name} was found");
        if (name.Length == 0 && found is not null) spec["priorityClassName"] = found.Map("metadata")?.Text("name");
        var priority = found?.Number("value") ?? 0;
        if (spec.Number("priority") is { } given && given != priority)
        {
            throw request.Forbidden($"the integer value of priority ({given}) must not be provided in pod spec; "
                + $"priority admission controller computed {priority} from the given PriorityClass name");
        }

        spec["priority"] = priority;
        var policy = found?.Text("preemptionPolicy") ?? "PreemptLowerPriority";
        if (spec.Text("preemptionPolicy") is { } own && own != policy)
        {
            throw request.Forbidden($"the string value of PreemptionPolicy ({own}) must not be provided in pod spec; "
                + $"priority admission controller computed {policy} from the given PriorityClass name");
        }

        spec["preemptionPolicy"] = policy;
    }

    private JsonObject? Find(string name)
    {
        if (cluster.Get(Group, "priorityclasses", "", name) is { } found) return found;
        // The two classes of the system exist on every cluster, also before anything has written them.
        return name switch
        {
            "system-node-critical" => new JsonObject { ["value"] = 2000001000 },
            "system-cluster-critical" => new JsonObject { ["value"] = 2000000000 },
            _ => null,
        };
    }

    /// <summary>The global default with the lowest value, should there be several.</summary>
    private JsonObject? GlobalDefault()
    {
        JsonObject? best = null;
        foreach (var candidate in cluster.List(Group, "priorityclasses", ""))
        {
            if (candidate.Flag("globalDefault") && (best is null || candidate.Number("value") < best.Number("value")))
                best = candidate;
        }

        return best;
    }
}
