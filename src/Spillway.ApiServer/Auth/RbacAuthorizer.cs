using System.Text.Json.Nodes;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Storage;

namespace Spillway.ApiServer.Auth;

/// <summary>What somebody wants to do.</summary>
internal sealed record AccessQuestion
{
    public required string Verb { get; init; }

    /// <summary>Path of a request that is not about a resource; otherwise null.</summary>
    public string? Path { get; init; }

    public string Group { get; init; } = "";

    public string Resource { get; init; } = "";

    public string Subresource { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";
}

/// <summary>An answer and, when allowed, by which binding.</summary>
internal sealed record AccessAnswer(bool IsAllowed, string Reason);

/// <summary>Role-based access control from the stored roles and bindings.</summary>
internal sealed class RbacAuthorizer(ObjectStore store)
{
    private const string Group = ".rbac.authorization.k8s.io";

    private static readonly string[] s_sources =
        ["clusterrolebindings" + Group, "rolebindings" + Group, "clusterroles" + Group, "roles" + Group];

    private volatile RoleIndex _index = new(-1, []);

    public AccessAnswer Ask(Requester user, AccessQuestion question)
    {
        if (user.Groups.Contains("system:masters")) return new AccessAnswer(true, "");
        foreach (var grant in Grants(user, question.Namespace))
        {
            foreach (var rule in grant.Rules)
            {
                if (!rule.Allows(question)) continue;
                return new AccessAnswer(true, $"RBAC: allowed by {grant.Binding} to {grant.Subject}");
            }
        }
        return new AccessAnswer(false, "");
    }

    /// <summary>All rules that count for a user in a namespace, cluster-wide ones first.</summary>
    public IEnumerable<AccessRule> Rules(Requester user, string space) => Grants(user, space).SelectMany(g => g.Rules);

    private IEnumerable<Grant> Grants(Requester user, string space)
    {
        foreach (var grant in Index().Grants)
        {
            if (grant.Namespace.Length > 0 && grant.Namespace != space) continue;
            if (grant.Matches(user)) yield return grant;
        }
    }

    /// <summary>Read anew when a role or a binding has changed.</summary>
    private RoleIndex Index()
    {
        long newest = 0;
        foreach (var source in s_sources) newest = Math.Max(newest, store.LastChange(source));
        var index = _index;
        if (index.Version >= newest && index.Version >= 0) return index;
        return _index = Build(newest);
    }

    private RoleIndex Build(long version)
    {
        var clusterRoles = new Dictionary<string, List<AccessRule>>(StringComparer.Ordinal);
        var trees = store.List(s_sources[2], "").Items;
        foreach (var role in trees) clusterRoles[role.Name] = AccessRule.Read(role.Shared, trees);
        var grants = new List<Grant>();
        foreach (var binding in store.List(s_sources[0], "").Items)
            AddGrants(grants, binding, clusterRoles);
        foreach (var binding in store.List(s_sources[1], "").Items)
            AddGrants(grants, binding, clusterRoles);
        // The node authorizer's part: kubelets may do what their role says without a binding.
        if (clusterRoles.TryGetValue("system:node", out var node))
            grants.Add(new Grant("", node, "Group", "system:nodes", "node authorizer", "node"));
        return new RoleIndex(version, grants);
    }

    private void AddGrants(List<Grant> grants, StoredObject binding, Dictionary<string, List<AccessRule>> clusterRoles)
    {
        var tree = binding.Shared;
        var (kind, name) = (tree.Map("roleRef")?.Text("kind") ?? "", tree.Map("roleRef")?.Text("name") ?? "");
        List<AccessRule>? rules = null;
        if (kind == "ClusterRole") clusterRoles.TryGetValue(name, out rules);
        else if (store.Get(s_sources[3], binding.Namespace + "/" + name) is { } role)
            rules = AccessRule.Read(role.Shared, []);
        if (rules is null) return;
        var shown = binding.Namespace.Length == 0
            ? $"ClusterRoleBinding \"{binding.Name}\" of {kind} \"{name}\""
            : $"RoleBinding \"{binding.Name}/{binding.Namespace}\" of {kind} \"{name}\"";
        foreach (var subject in tree.Objects("subjects"))
        {
            var subjectKind = subject.Text("kind") ?? "";
            var subjectName = subject.Text("name") ?? "";
            var text = $"{subjectKind} \"{subjectName}\"";
            if (subjectKind == "ServiceAccount")
            {
                text = $"ServiceAccount \"{subjectName}/{subject.Text("namespace")}\"";
                subjectName = $"system:serviceaccount:{subject.Text("namespace")}:{subjectName}";
            }
            grants.Add(new Grant(binding.Namespace, rules, subjectKind, subjectName, shown, text));
        }
    }

    private sealed record RoleIndex(long Version, List<Grant> Grants);

    private sealed record Grant(
        string Namespace, List<AccessRule> Rules, string Kind, string Name, string Binding, string Subject)
    {
        public bool Matches(Requester user) => Kind == "Group" ? user.Groups.Contains(Name) : user.Name == Name;
    }
}

/// <summary>One rule of a role.</summary>
internal sealed record AccessRule(
    string[] Verbs, string[] Groups, string[] Resources, string[] Names, string[] Paths)
{
    /// <summary>The rules of a role, with those of the roles it gathers.</summary>
    public static List<AccessRule> Read(JsonObject role, IReadOnlyList<StoredObject> all)
    {
        var rules = new List<AccessRule>();
        foreach (var rule in role.Objects("rules"))
        {
            rules.Add(new AccessRule(rule.Texts("verbs"), rule.Texts("apiGroups"), rule.Texts("resources"),
                rule.Texts("resourceNames"), rule.Texts("nonResourceURLs")));
        }
        if (role.Map("aggregationRule") is not { } gather) return rules;
        foreach (var selector in gather.Objects("clusterRoleSelectors"))
        {
            foreach (var other in all)
                if (Selects(selector, other) && !ReferenceEquals(other.Shared, role))
                    rules.AddRange(Read(other.Shared, all));
        }
        return rules;
    }

    public bool Allows(AccessQuestion question)
    {
        if (!Has(Verbs, question.Verb)) return false;
        if (question.Path is { } path) return Paths.Any(p => PathMatches(p, path));
        if (!Has(Groups, question.Group) || !HasResource(question)) return false;
        return Names.Length == 0 || Names.Contains(question.Name);
    }

    private static bool Selects(JsonObject selector, StoredObject role) =>
        selector.Map("matchLabels") is { } wanted
        && wanted.All(w => role.Labels.TryGetValue(w.Key, out var value) && value == w.Value.AsText());

    private static bool Has(string[] list, string item) =>
        Array.IndexOf(list, item) >= 0 || Array.IndexOf(list, "*") >= 0;

    private bool HasResource(AccessQuestion question)
    {
        var whole = question.Subresource.Length == 0
            ? question.Resource : question.Resource + "/" + question.Subresource;
        foreach (var resource in Resources)
        {
            if (resource == "*" || resource == whole) return true;
            if (question.Subresource.Length > 0 && resource == "*/" + question.Subresource) return true;
        }
        return false;
    }

    private static bool PathMatches(string pattern, string path) =>
        pattern == "*" || pattern == path
        || (pattern.EndsWith('*') && path.StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal));
}
