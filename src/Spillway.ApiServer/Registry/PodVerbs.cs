using System.Text.Json.Nodes;
using Spillway.ApiServer.Http;

namespace Spillway.ApiServer.Registry;

/// <summary>Binding a pod to a node, and evicting it with respect to disruption budgets.</summary>
internal sealed class PodVerbs(WriteSteps steps, UpdateVerbs updates, DeleteVerbs deletes)
{
    private readonly BudgetCharge _budgets = new(steps);

    public async ValueTask<ApiResponse> BindAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        request.ReadDryRun();
        var binding = steps.Read(request);
        var node = binding.Map("target")?.Text("name") ?? "";
        // The real server passes these complaints on as they are, as if they were its own fault.
        if (binding.Map("target")?.Text("kind") is { Length: > 0 } kind and not "Node")
            throw new ApiFailure(500, "",
                FieldError.NotSupported("target.kind", JsonValue.Create(kind), ["Node", "<empty>"]).ToString());
        if (node.Length == 0) throw new ApiFailure(500, "", FieldError.Required("target.name", "").ToString());
        if (binding.Map("metadata")?.Text("name") is { Length: > 0 } name && name != request.Name)
            throw ApiFailure.BadRequest("name in URL does not match name in Binding object");
        var uid = binding.Map("metadata")?.Text("uid");
        var answer =
            await updates.ChangeAsync(request, live => Bound(live, binding, node, uid, request), cancellationToken);
        return answer.Status >= 300 ? answer : ObjectView.Answer(request, 201, Success());
    }

    public async ValueTask<ApiResponse> EvictAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        request.ReadDryRun();
        var eviction = steps.Read(request);
        if (eviction.Map("metadata")?.Text("name") is { Length: > 0 } name && name != request.Name)
            throw ApiFailure.BadRequest("name in URL does not match name in Eviction object");
        var pod = steps.Latest(request) ?? throw request.NotFound();
        var options = DeleteOptions.Of(eviction.Map("deleteOptions"));
        var tree = pod.Shared;
        if (MustAskBudget(tree)) await ChargeBudgetAsync(tree, request, cancellationToken);
        var target = request.For(request.Namespace, request.Name, "");
        DeleteVerbs.CheckPreconditions(options, tree, pod, target);
        if (!ObjectMeta.IsTerminating(tree))
        {
            await steps.ChangeAsync("pods", request.Key,
                item => SetCondition(item, "DisruptionTarget", "EvictionByEvictionAPI", "Eviction API: evicting"),
                request.IsDryRun, cancellationToken);
        }
        await deletes.DeleteAsync(target, options with { ResourceVersion = null }, cancellationToken);
        return ObjectView.Answer(request, 201, Success());
    }

    private JsonObject Bound(JsonObject live, JsonObject binding, string node, string? uid, ResourceRequest request)
    {
        var pod = live.DeepClone().AsObject();
        var metadata = pod.Ensure("metadata");
        if (uid is { Length: > 0 } && uid != metadata.Text("uid"))
            throw UpdateVerbs.UidConflict(request, uid, metadata.Text("uid") ?? "");
        if (ObjectMeta.IsTerminating(pod))
            throw Conflict(request, $"pod {request.Name} is being deleted, cannot be assigned to a host");
        var spec = pod.Ensure("spec");
        if (spec.Text("nodeName") is { Length: > 0 } taken)
            throw Conflict(request, $"pod {request.Name} is already assigned to node \"{taken}\"");
        if (spec.List("schedulingGates") is { Count: > 0 })
            throw Conflict(request, $"pod {request.Name} has non-empty .spec.schedulingGates");
        spec["nodeName"] = node;
        foreach (var (key, value) in binding.Map("metadata")?.Map("annotations") ?? [])
            metadata.Ensure("annotations")[key] = value?.DeepClone();
        foreach (var (key, value) in binding.Map("metadata")?.Map("labels") ?? [])
            metadata.Ensure("labels")[key] = value?.DeepClone();
        SetCondition(pod, "PodScheduled", null, null);
        return pod;
    }

    /// <summary>A pod with scheduling gates says from the start why it is not scheduled.</summary>
    public static void MarkGated(JsonObject pod, DateTimeOffset now)
    {
        if (pod.Map("spec")?.List("schedulingGates") is not { Count: > 0 }) return;
        pod.Ensure("status")["conditions"] = new JsonArray(new JsonObject
        {
            ["type"] = "PodScheduled",
            ["status"] = "False",
            ["lastProbeTime"] = null,
            ["lastTransitionTime"] = ObjectMeta.Time(now),
            ["reason"] = "SchedulingGated",
            ["message"] = "Scheduling is blocked due to non-empty scheduling gates",
        });
    }

    private static ApiFailure Conflict(ResourceRequest request, string why) =>
        ApiFailure.Conflict("", "pods/binding", request.Name, why);

    private void SetCondition(JsonObject pod, string type, string? reason, string? message)
    {
        var conditions = pod.Ensure("status").EnsureList("conditions");
        for (var i = conditions.Count - 1; i >= 0; i--)
            if ((conditions[i] as JsonObject)?.Text("type") == type) conditions.RemoveAt(i);
        var condition = new JsonObject
        {
            ["type"] = type, ["status"] = "True", ["lastProbeTime"] = null, ["lastTransitionTime"] =
                ObjectMeta.Time(steps.Now),
        };
        if (reason is not null) condition["reason"] = reason;
        if (message is not null) condition["message"] = message;
        conditions.Add(condition);
    }

    /// <summary>Pods that do not run, or never became ready in time, cost no budget.</summary>
    private static bool MustAskBudget(JsonObject pod) =>
        !ObjectMeta.IsTerminating(pod)
            && pod.Map("status")?.Text("phase") is not ("Succeeded" or "Failed" or "Pending");

    private async ValueTask ChargeBudgetAsync(
        JsonObject pod, ResourceRequest request, CancellationToken cancellationToken)
    {
        var labels = Labels(pod);
        string? found = null;
        foreach (var budget in steps.List("poddisruptionbudgets.policy", request.Namespace + "/"))
        {
            if (!Selectors.Matches(budget.Shared.Map("spec")?.Map("selector"), labels)) continue;
            if (found is not null)
            {
                throw new ApiFailure(500, "InternalError",
                    "Internal error occurred: This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
            }
            found = budget.Name;
        }
        if (found is not null)
            await _budgets.ChargeAsync(pod, found, request, cancellationToken);
    }

    private static Dictionary<string, string> Labels(JsonObject item)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in item.Map("metadata")?.Map("labels") ?? []) labels[name] = value.AsText() ?? "";
        return labels;
    }

    private static JsonObject Success() => new()
    {
        ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["code"] =
            201,
    };
}

/// <summary>Label selectors as objects carry them.</summary>
internal static class Selectors
{
    /// <summary>A missing selector matches nothing, an empty one everything.</summary>
    public static bool Matches(JsonObject? selector, Dictionary<string, string> labels)
    {
        if (selector is null) return false;
        foreach (var (name, value) in selector.Map("matchLabels") ?? [])
            if (!labels.TryGetValue(name, out var has) || has != value.AsText()) return false;
        foreach (var term in selector.Objects("matchExpressions"))
        {
            var has = labels.TryGetValue(term.Text("key") ?? "", out var value);
            var isIn = has && term.Texts("values").Contains(value);
            var fits = term.Text("operator") switch { "In" => isIn, "NotIn" => !isIn, "Exists" => has, _ => !has };
            if (!fits) return false;
        }
        return true;
    }
}
