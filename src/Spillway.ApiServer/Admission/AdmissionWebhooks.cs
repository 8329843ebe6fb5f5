using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Patching;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Admission;

/// <summary>Mutating and validating admission webhooks, in order of configuration and webhook names.</summary>
internal sealed class AdmissionWebhooks(ClusterReads cluster, WebhookDoor door, Random random)
{
    private const string Group = "admissionregistration.k8s.io";
    private readonly RequestMatch _match = new(cluster);

    /// <summary>Runs the mutating ones; <paramref name="repeat"/> runs the built-in plug-ins again after a change.</summary>
    public async ValueTask MutateAsync(
        AdmissionRequest request, Func<ValueTask> repeat, CancellationToken cancellationToken)
    {
        if (RequestMatch.IsExempt(request)) return;
        var again = new List<(JsonObject Configuration, JsonObject Webhook, JsonNode? Left)>();
        var start = request.Object?.DeepClone();
        foreach (var (configuration, webhook) in All("mutatingwebhookconfigurations"))
        {
            var called = await RunAsync(configuration, webhook, request, mutates: true, cancellationToken);
            if (called && webhook.Text("reinvocationPolicy") == "IfNeeded")
                again.Add((configuration, webhook, request.Object?.DeepClone()));
        }

        if (JsonNode.DeepEquals(start, request.Object)) return;
        await repeat();
        foreach (var (configuration, webhook, left) in again)
        {
            // Called once more when somebody changed the object after it.
            if (!JsonNode.DeepEquals(left, request.Object))
                await RunAsync(configuration, webhook, request, mutates: true, cancellationToken);
        }
    }

    public async ValueTask Validate(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (RequestMatch.IsExempt(request)) return;
        foreach (var (configuration, webhook) in All("validatingwebhookconfigurations"))
            await RunAsync(configuration, webhook, request, mutates: false, cancellationToken);
    }

    private IEnumerable<(JsonObject Configuration, JsonObject Webhook)> All(string resource)
    {
        foreach (var configuration in cluster.List(Group, resource, ""))
        {
            foreach (var webhook in configuration.Objects("webhooks")) yield return (configuration, webhook);
        }
    }

    /// <summary>True when the webhook was called.</summary>
    private async ValueTask<bool> RunAsync(
        JsonObject configuration, JsonObject webhook, AdmissionRequest request, bool mutates,
            CancellationToken cancellationToken)
    {
        var type = _match.Find(request, webhook.Objects("rules"), webhook.Text("matchPolicy") ?? "Equivalent");
        if (type is null || !_match.Selects(webhook, request)) return false;
        var name = webhook.Text("name") ?? "";
        var ignores = webhook.Text("failurePolicy") == "Ignore";
        if (!MeetsConditions(configuration, webhook, request, ignores)) return false;
        if (request.DryRun && webhook.Text("sideEffects") is not ("None" or "NoneOnDryRun"))
            throw ApiFailure.BadRequest($"admission webhook \"{name}\" does not support dry run");
        var timeout = TimeSpan.FromSeconds(Math.Clamp(webhook.Number("timeoutSeconds") ?? 10, 1, 30));
        var uid = Uid();
        try
        {
            var review = Review(request, type, uid);
            var answer = await door.PostAsync(webhook.Map("clientConfig") ?? [], review, timeout, cancellationToken);
            var response = Checked(answer, uid);
            request.Warnings.AddRange(response.Texts("warnings"));
            if (!response.Flag("allowed")) throw Denied(name, response.Map("status"));
            if (mutates) Patch(request, type, response, name);
        }
        catch (WebhookUnreachable e)
        {
            if (!ignores)
            {
                throw new ApiFailure(500, "InternalError",
                    $"Internal error occurred: failed calling webhook \"{name}\": failed to call webhook: {e.Message}")
                {
                    Details = new JsonObject
                    {
                        ["causes"] = new JsonArray(new JsonObject
                        {
                            ["message"] = $"failed calling webhook \"{name}\": failed to call webhook: {e.Message}",
                        }),
                    },
                };
            }
        }

        return true;
    }

    private bool MeetsConditions(JsonObject configuration, JsonObject webhook, AdmissionRequest request, bool ignores)
    {
        if (webhook.List("matchConditions") is not { Count: > 0 }) return true;
        var variables = new PolicyVariables(request, cluster, configuration);
        var results = webhook.Objects("matchConditions")
            .Select(c => (Name: c.Text("name"), Result: variables.Evaluate(c.Text("expression") ?? ""))).ToList();
        // One false outweighs any error: the webhook is not meant.
        if (results.Exists(r => r.Result is false)) return false;
        var failed = results.Find(r => r.Result is not true);
        if (failed.Name is null) return true;
        if (ignores) return false;
        throw request.Forbidden($"failed to evaluate match condition '{failed.Name}' of webhook \"{webhook.Text("name")}\": "
            + (failed.Result as Cel.CelError)?.Message);
    }

    private JsonObject Review(AdmissionRequest request, ResourceType type, string uid)
    {
        var body = PolicyVariables.Review(request);
        var ordered = new JsonObject { ["uid"] = uid };
        foreach (var (key, value) in body) ordered[key] = value?.DeepClone();
        if (type.Version != request.Type.Version)
        {
            ordered["kind"] = new JsonObject { ["group"] = type.Group, ["version"] = type.Version,
                ["kind"] = type.Kind };
            ordered["resource"] =
                new JsonObject { ["group"] = type.Group, ["version"] = type.Version, ["resource"] = type.Resource };
        }

        ordered["object"] = request.Object is { } item ? cluster.Convert(item, type).DeepClone() : null;
        ordered["oldObject"] = request.OldObject is { } old ? cluster.Convert(old, type).DeepClone() : null;
        return new JsonObject
        {
            ["kind"] = "AdmissionReview", ["apiVersion"] = "admission.k8s.io/v1", ["request"] = ordered,
        };
    }

    private static JsonObject Checked(JsonObject answer, string uid)
    {
        if (answer.Text("kind") != "AdmissionReview"
            || answer.Text("apiVersion") is not ("admission.k8s.io/v1" or "admission.k8s.io/v1beta1"))
        {
            throw new WebhookUnreachable("received invalid webhook response: expected webhook response of "
                + $"admission.k8s.io/v1, Kind=AdmissionReview, got {answer.Text("apiVersion")}, Kind={answer.Text("kind")}");
        }

        var response = answer.Map("response") ?? throw new WebhookUnreachable("received invalid webhook response: webhook response was absent");
        if (response.Text("uid") != uid)
            throw new WebhookUnreachable(
                $"received invalid webhook response: expected response.uid=\"{uid}\", got \"{response.Text("uid")}\"");
        return response;
    }

    private static ApiFailure Denied(string name, JsonObject? status)
    {
        var denied = $"admission webhook \"{name}\" denied the request";
        var message = status?.Text("message") is { Length: > 0 } said ? $"{denied}: {said}"
            : status?.Text("reason") is { Length: > 0 } reason ? $"{denied}: {reason}"
            : denied + " without explanation";
        var code = (int)(status?.Number("code") ?? 0);
        return new ApiFailure(code < 400 ? 400 : code, status?.Text("reason") ?? "", message)
        {
            Details = status?.Map("details")?.DeepClone() as JsonObject,
        };
    }

    private void Patch(AdmissionRequest request, ResourceType type, JsonObject response, string name)
    {
        if (response.Text("patch") is not { Length: > 0 } encoded || request.Object is not { } item) return;
        if (response.Text("patchType") is { } kind and not "JSONPatch")
            throw new WebhookUnreachable($"received invalid webhook response: unsupported patch type \"{kind}\"");
        try
        {
            var patch = JsonNode.Parse(Convert.FromBase64String(encoded));
            var patched = JsonPatch.Apply((JsonObject)cluster.Convert(item, type).DeepClone(), patch) as JsonObject
                ?? throw new WebhookUnreachable($"the patch of webhook \"{name}\" leaves no object");
            request.Object = (JsonObject)cluster.Convert(patched, request.Type).DeepClone();
        }
        catch (Exception e) when (e is FormatException or JsonException or ApiFailure)
        {
            throw new WebhookUnreachable(
                $"received invalid webhook response: patch of \"{name}\" cannot be applied: {e.Message}");
        }
    }

    private string Uid()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (random) random.NextBytes(bytes);
        return new Guid(bytes).ToString();
    }
}
