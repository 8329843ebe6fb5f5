using System.Text.Json.Nodes;
using Spillway.ApiServer.Cel;

namespace Spillway.ApiServer.Admission;

/// <summary>ValidatingAdmissionPolicies with their bindings and parameters.</summary>
internal sealed class AdmissionPolicies(ClusterReads cluster)
{
    private const string Group = "admissionregistration.k8s.io";
    private readonly RequestMatch _match = new(cluster);

    public ValueTask Validate(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (RequestMatch.IsExempt(request)) return ValueTask.CompletedTask;
        var bindings = cluster.List(Group, "validatingadmissionpolicybindings", "");
        if (bindings.Count == 0) return ValueTask.CompletedTask;
        foreach (var policy in cluster.List(Group, "validatingadmissionpolicies", ""))
        {
            var name = policy.Map("metadata")?.Text("name");
            var spec = policy.Map("spec") ?? [];
            if (spec.Map("matchConstraints") is not { } constraints || !Matches(constraints, request)) continue;
            foreach (var binding in bindings)
            {
                if (binding.Map("spec") is not { } bound || bound.Text("policyName") != name) continue;
                if (bound.Map("matchResources") is { Count: > 0 } narrower && !Matches(narrower, request)) continue;
                Apply(policy, binding, request);
            }
        }

        return ValueTask.CompletedTask;
    }

    private bool Matches(JsonObject constraints, AdmissionRequest request)
    {
        var policy = constraints.Text("matchPolicy") ?? "Equivalent";
        if (_match.Find(request, constraints.Objects("excludeResourceRules"), policy) is not null) return false;
        if (constraints.List("resourceRules") is { Count: > 0 }
            && _match.Find(request, constraints.Objects("resourceRules"), policy) is null) return false;
        return _match.Selects(constraints, request);
    }

    private void Apply(JsonObject policy, JsonObject binding, AdmissionRequest request)
    {
        var spec = policy.Map("spec")!;
        if (spec.Map("paramKind") is not { } kind)
        {
            Check(policy, binding, request, null);
            return;
        }

        var found = Parameters(kind, binding.Map("spec")?.Map("paramRef") ?? [], request);
        if (found.Count == 0 && binding.Map("spec")?.Map("paramRef")?.Text("parameterNotFoundAction") != "Allow")
        {
            Refuse(policy, binding, request, "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction", "Invalid");
        }

        foreach (var parameters in found) Check(policy, binding, request, parameters);
    }

    private List<JsonObject> Parameters(JsonObject kind, JsonObject reference, AdmissionRequest request)
    {
        var apiVersion = kind.Text("apiVersion") ?? "";
        var type = cluster.Types().FirstOrDefault(t => t.ApiVersion == apiVersion && t.Kind == kind.Text("kind"));
        if (type is null) return [];
        var space = !type.Namespaced ? "" : reference.Text("namespace") is { Length: > 0 } given ? given
            : request.Namespace;
        if (reference.Text("name") is { Length: > 0 } name)
            return cluster.Get(type.Group, type.Resource, space, name) is { } one ? [one] : [];
        var selector = reference.Map("selector") ?? [];
        return [.. cluster.List(type.Group, type.Resource, space).Where(p => RequestMatch.Selects(selector, p))];
    }

    private void Check(JsonObject policy, JsonObject binding, AdmissionRequest request, JsonObject? parameters)
    {
        var spec = policy.Map("spec")!;
        var variables = new PolicyVariables(request, cluster, policy, parameters);
        var ignores = spec.Text("failurePolicy") == "Ignore";
        foreach (var condition in spec.Objects("matchConditions"))
        {
            var result = variables.Evaluate(condition.Text("expression") ?? "");
            if (result is false) return;
            if (result is true) continue;
            if (ignores) return;
            Refuse(policy, binding, request,
                $"failed to evaluate match condition '{condition.Text("name")}': {Why(result)}", "Invalid");
            return;
        }

        foreach (var validation in spec.Objects("validations"))
        {
            var expression = validation.Text("expression") ?? "";
            var result = variables.Evaluate(expression);
            if (result is true || (result is not false && ignores)) continue;
            if (result is not false)
            {
                Refuse(policy, binding, request, $"expression '{expression.Trim()}' resulted in error: {Why(result)}", "Invalid");
                continue;
            }

            Refuse(policy, binding, request, Message(validation, expression, variables), validation.Text("reason")
                ?? "Invalid");
        }
    }

    private static string Why(object? result) => result is CelError error ? error.Message : "the result is not a bool";

    private static string Message(JsonObject validation, string expression, PolicyVariables variables)
    {
        if (validation.Text("messageExpression") is { Length: > 0 } made
            && variables.Evaluate(made) is string text && text.Trim().Length > 0) return text.Trim();
        return validation.Text("message") is { Length: > 0 } message ? message.Trim()
            : "failed expression: " + expression.Trim();
    }

    private static void Refuse(JsonObject policy, JsonObject binding, AdmissionRequest request, string why,
        string reason)
    {
        var (name, bound) = (policy.Map("metadata")?.Text("name"), binding.Map("metadata")?.Text("name"));
        var names = $"ValidatingAdmissionPolicy '{name}' with binding '{bound}'";
        var actions = binding.Map("spec")?.Texts("validationActions") ?? [];
        if (actions.Contains("Warn")) request.Warnings.Add($"Validation failed for {names}: {why}");
        if (actions.Length > 0 && !actions.Contains("Deny")) return;
        var message = $"{names} denied request: {why}";
        var forbidden = request.Forbidden(message);
        var details = (JsonObject)forbidden.Details!.DeepClone();
        details["causes"] = new JsonArray(new JsonObject { ["message"] = message });
        var code = reason switch
        {
            "Unauthorized" => 401, "Forbidden" => 403, "RequestEntityTooLarge" => 413, _ => 422,
        };
        throw new ApiFailure(code, reason, forbidden.Message) { Details = details };
    }
}
