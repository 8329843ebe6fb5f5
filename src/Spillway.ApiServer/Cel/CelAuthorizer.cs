namespace Spillway.ApiServer.Cel;

/// <summary>
/// The <c>authorizer</c> of admission policies: a question built step by step and asked with <c>check</c>.
/// </summary>
internal sealed record CelAuthorizer(Func<CelQuestion, bool> Ask)
{
    public static void Register(Dictionary<string, CelFunction> all)
    {
        all["group"] = (a, _) =>
            a is [CelAuthorizer x, string group] ? new CelQuestion(x) { Group = group } : CelError.NoOverload;
        all["path"] = (a, _) =>
            a is [CelAuthorizer x, string path] ? new CelQuestion(x) { Path = path } : CelError.NoOverload;
        all["resource"] = (a, _) =>
            a is [CelQuestion q, string resource] ? q with { Resource = resource } : CelError.NoOverload;
        all["subresource"] = (a, _) =>
            a is [CelQuestion q, string name] ? q with { Subresource = name } : CelError.NoOverload;
        all["namespace"] = (a, _) =>
            a is [CelQuestion q, string name] ? q with { Namespace = name } : CelError.NoOverload;
        all["name"] = (a, _) => a is [CelQuestion q, string name] ? q with { Name = name } : CelError.NoOverload;
        all["serviceAccount"] = (a, _) => a is [CelAuthorizer x, string space, string name]
            ? new CelAuthorizer(q => x.Ask(q with { User = $"system:serviceaccount:{space}:{name}" }))
            : CelError.NoOverload;
        all["check"] = (a, frame) =>
        {
            if (a is not [CelQuestion q, string verb]) return CelError.NoOverload;
            frame.Spend(35_000);
            return new CelDecision(q.Authorizer.Ask(q with { Verb = verb }));
        };
        all["allowed"] = (a, _) => a[0] is CelDecision d ? d.IsAllowed : CelError.NoOverload;
        all["reason"] = (a, _) => a[0] is CelDecision ? "" : CelError.NoOverload;
        all["errored"] = (a, _) => a[0] is CelDecision ? false : CelError.NoOverload;
        all["error"] = (a, _) => a[0] is CelDecision ? "" : CelError.NoOverload;
    }
}

/// <summary>What is asked; an empty user means the one who made the request.</summary>
internal sealed record CelQuestion(CelAuthorizer Authorizer)
{
    public string User { get; init; } = "";

    public string Verb { get; init; } = "";

    public string Group { get; init; } = "";

    public string Resource { get; init; } = "";

    public string Subresource { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";

    public string Path { get; init; } = "";
}

internal sealed record CelDecision(bool IsAllowed);
