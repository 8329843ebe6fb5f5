using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Cel;

namespace Spillway.ApiServer.Admission;

/// <summary>What CEL expressions of webhooks and policies see of a request.</summary>
internal sealed class PolicyVariables
{
    private static readonly Dictionary<string, CelType> s_types = new(StringComparer.Ordinal)
    {
        ["object"] = CelType.Dyn, ["oldObject"] = CelType.Dyn, ["request"] = CelType.Dyn, ["params"] = CelType.Dyn,
        ["namespaceObject"] = CelType.Dyn, ["authorizer"] = CelType.Dyn, ["variables"] = CelType.Dyn,
    };

    /// <summary>Compiled once for every version of the object that holds the expression.</summary>
    private static readonly ConditionalWeakTable<JsonObject, Dictionary<string,
        (CelProgram?, string?)>> s_compiled = [];

    private readonly AdmissionRequest _request;
    private readonly ClusterReads _cluster;
    private readonly JsonObject? _params;
    private readonly CelBudget _budget = new(CelBudget.PerObject);
    private readonly Dictionary<string, string> _expressions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);
    private readonly JsonObject _holder;

    /// <param name="holder">The policy or webhook configuration, as stored.</param>
    public PolicyVariables(AdmissionRequest request, ClusterReads cluster, JsonObject holder,
        JsonObject? parameters = null)
    {
        (_request, _cluster, _holder, _params) = (request, cluster, holder, parameters);
        foreach (var variable in holder.Map("spec")?.Objects("variables") ?? [])
            _expressions[variable.Text("name") ?? ""] = variable.Text("expression") ?? "";
    }

    /// <summary>The value, or a <see cref="CelError"/> also for what does not compile or costs too much.</summary>
    public object? Evaluate(string expression)
    {
        var cache = s_compiled.GetOrCreateValue(_holder);
        (CelProgram? Program, string? Error) compiled;
        lock (cache)
        {
            if (!cache.TryGetValue(expression, out compiled)) cache[expression] = compiled =
                CelProgram.Compile(expression, s_types);
        }

        if (compiled.Program is not { } program) return new CelError("compilation failed: " + compiled.Error);
        try
        {
            return program.Evaluate(_budget, Find);
        }
        catch (CelBudgetException e)
        {
            return new CelError(e.Message);
        }
    }

    private (bool, object?) Find(string name) => name switch
    {
        "object" => (true, CelJson.Wrap(_request.Object)),
        "oldObject" => (true, CelJson.Wrap(_request.OldObject)),
        "params" => (true, CelJson.Wrap(_params)),
        "namespaceObject" => (true, CelJson.Wrap(_request.Namespace.Length > 0
            ? _cluster.Get("", "namespaces", "", _request.Namespace)
            : null)),
        "request" => (true, CelJson.Wrap(Review(_request))),
        "variables" => (true, new Variables(this)),
        "authorizer" => (true, new CelAuthorizer(q => _cluster.IsAllowed(
            q.User.Length > 0 ? new Requester(q.User, "system:serviceaccounts", "system:authenticated") : _request.User,
            q.Verb, q.Group, q.Resource, q.Subresource, q.Namespace, q.Name))),
        _ => (false, null),
    };

    /// <summary>The request as expressions and webhooks see it, without the objects.</summary>
    public static JsonObject Review(AdmissionRequest request)
    {
        var type = request.Type;
        var kind = new JsonObject { ["group"] = type.Group, ["version"] = type.Version, ["kind"] = type.Kind };
        var resource = new JsonObject { ["group"] = type.Group, ["version"] = type.Version,
            ["resource"] = type.Resource };
        var review = new JsonObject { ["kind"] = kind, ["resource"] = resource };
        if (request.Subresource.Length > 0) review["subResource"] = request.Subresource;
        review["requestKind"] = kind.DeepClone();
        review["requestResource"] = resource.DeepClone();
        if (request.Subresource.Length > 0) review["requestSubResource"] = request.Subresource;
        if (request.Name.Length > 0) review["name"] = request.Name;
        if (request.Namespace.Length > 0) review["namespace"] = request.Namespace;
        review["operation"] = request.Operation.ToString().ToUpperInvariant();
        var user = new JsonObject { ["username"] = request.User.Name };
        if (request.User.Uid.Length > 0) user["uid"] = request.User.Uid;
        user["groups"] = new JsonArray([.. request.User.Groups.Select(g => (JsonNode)g)]);
        if (request.User.Extra.Count > 0)
        {
            user["extra"] = new JsonObject(request.User.Extra.Select(e => KeyValuePair.Create(e.Key,
                (JsonNode?)new JsonArray([.. e.Value.Select(v => (JsonNode)v)]))));
        }

        review["userInfo"] = user;
        review["dryRun"] = request.DryRun;
        review["options"] = request.Options?.DeepClone();
        return review;
    }

    /// <summary>Variables are evaluated when they are first asked for.</summary>
    private sealed class Variables(PolicyVariables owner) : CelMap
    {
        public override int Count => owner._expressions.Count;

        public override IEnumerable<object?> Keys => owner._expressions.Keys;

        public override bool TryGet(object? key, out object? value)
        {
            value = null;
            if (key is not string name || !owner._expressions.TryGetValue(name, out var expression)) return false;
            if (!owner._values.TryGetValue(name, out value))
            {
                // A variable that leads back to itself finds this instead of recursing without end.
                owner._values[name] = new CelError($"variable {name} depends on itself");
                owner._values[name] = value = owner.Evaluate(expression);
            }

            return true;
        }
    }
}
