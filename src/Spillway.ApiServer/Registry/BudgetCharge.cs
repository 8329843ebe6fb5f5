using System.Text.Json.Nodes;
using Spillway.ApiServer.Apply;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Registry;

/// <summary>Takes one disruption from a budget for a pod that is to be evicted, or refuses.</summary>
internal sealed class BudgetCharge(WriteSteps steps)
{
    // Evictions that the disruption controller has not yet seen through; the real server's bound.
    private const int MostUnconfirmed = 2000;

    private static readonly FieldWriter s_writer = new("kube-apiserver", "status");

    private static readonly ResourceType s_type = TypeTable.Load().Resources
        .First(t => t is { Group: "policy", Resource: "poddisruptionbudgets" });

    public async ValueTask ChargeAsync(
        JsonObject pod, string name, ResourceRequest request, CancellationToken cancellationToken)
    {
        var isReady = pod.Map("status")?.Objects("conditions")
            .Any(c => c.Text("type") == "Ready" && c.Text("status") == "True") == true;
        await steps.ChangeAsync("poddisruptionbudgets.policy", request.Namespace + "/" + name, budget =>
        {
            if (!isReady && IsFreeUnready(budget)) return;
            var before = budget.DeepClone().AsObject();
            Charge(budget, name, request);
            ManagedFields.TrackUpdate(s_type, before, budget, s_writer, steps.Now);
        }, request.IsDryRun, cancellationToken);
    }

    /// <summary>A pod that is not ready costs nothing when the policy says so, or when the healthy ones suffice.</summary>
    private static bool IsFreeUnready(JsonObject budget)
    {
        if (budget.Map("spec")?.Text("unhealthyPodEvictionPolicy") == "AlwaysAllow") return true;
        var status = budget.Ensure("status");
        var desired = status.Number("desiredHealthy") ?? 0;
        return desired > 0 && (status.Number("currentHealthy") ?? 0) >= desired;
    }

    private void Charge(JsonObject budget, string name, ResourceRequest request)
    {
        var status = budget.Ensure("status");
        if ((status.Number("observedGeneration") ?? 0) < ObjectMeta.Generation(budget))
            throw TooMany(10, $"The disruption budget {name} is still being processed by the server.");
        var allowed = status.Number("disruptionsAllowed") ?? 0;
        if (allowed < 0) throw Forbidden(name, "pdb disruptions allowed is negative");
        if (status.Map("disruptedPods") is { Count: > MostUnconfirmed })
            throw Forbidden(name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
        if (allowed == 0) throw TooMany(0, Refusal(status, name));
        status["disruptionsAllowed"] = allowed - 1;
        if (allowed == 1) MarkExhausted(status);
        status.Ensure("disruptedPods")[request.Name] = ObjectMeta.Time(steps.Now);
    }

    private static string Refusal(JsonObject status, string name)
    {
        var condition = status.Objects("conditions").FirstOrDefault(c => c.Text("type") == "DisruptionAllowed");
        return condition?.Text("reason") == "SyncFailed"
            ? $"The disruption budget {name} does not allow evicting pods currently because it failed sync: "
                + condition.Text("message")
            : $"The disruption budget {name} needs {status.Number("desiredHealthy") ?? 0} healthy pods and has "
                + $"{status.Number("currentHealthy") ?? 0} currently";
    }

    private void MarkExhausted(JsonObject status)
    {
        var conditions = status.EnsureList("conditions");
        if (conditions.OfType<JsonObject>().FirstOrDefault(c => c.Text("type") == "DisruptionAllowed") is not { } own)
            conditions.Add(own = new JsonObject { ["type"] = "DisruptionAllowed" });
        if (own.Text("status") != "False") own["lastTransitionTime"] = ObjectMeta.Time(steps.Now);
        own["status"] = "False";
        own["reason"] = "InsufficientPods";
        own["message"] = "";
        own["observedGeneration"] = status.Number("observedGeneration") ?? 0;
    }

    private static ApiFailure Forbidden(string name, string why) =>
        ApiFailure.Forbidden("policy", "poddisruptionbudget", name, why);

    private static ApiFailure TooMany(int seconds, string why)
    {
        var details = new JsonObject
        {
            ["causes"] = new JsonArray(new JsonObject { ["reason"] = "DisruptionBudget", ["message"] = why }),
        };
        if (seconds > 0) details["retryAfterSeconds"] = seconds;
        return new ApiFailure(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.")
        {
            Details = details,
        };
    }
}
