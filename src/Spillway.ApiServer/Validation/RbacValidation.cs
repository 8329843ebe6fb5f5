using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Validation;

/// <summary>Checks roles and bindings.</summary>
internal static class RbacValidation
{
    private const string Group = "rbac.authorization.k8s.io";

    public static void Role(JsonObject item, bool namespaced, Complaints to)
    {
        var i = -1;
        foreach (var rule in item.Objects("rules"))
        {
            var at = $"rules[{++i}]";
            if (rule.Texts("verbs").Length == 0) to.Required(at + ".verbs", "verbs must contain at least one value");
            var urls = rule.Texts("nonResourceURLs");
            if (urls.Length > 0)
            {
                if (namespaced)
                    to.Invalid(at + ".nonResourceURLs", rule["nonResourceURLs"]!.DeepClone(),
                        "namespaced rules cannot apply to non-resource URLs");
                if (rule.Texts("apiGroups").Length + rule.Texts("resources").Length + rule.Texts(
                    "resourceNames").Length > 0)
                    to.Invalid(at + ".nonResourceURLs", rule["nonResourceURLs"]!.DeepClone(),
                        "rules cannot apply to both regular resources and non-resource URLs");
                continue;
            }
            if (rule.Texts("apiGroups").Length == 0)
                to.Required(at + ".apiGroups", "resource rules must supply at least one api group");
            if (rule.Texts("resources").Length == 0)
                to.Required(at + ".resources", "resource rules must supply at least one resource");
        }
        i = -1;
        foreach (var selector in item.Map("aggregationRule")?.Objects("clusterRoleSelectors") ?? [])
            AffinityValidation.LabelSelector(selector, $"aggregationRule.clusterRoleSelectors[{++i}]", to);
    }

    public static void Binding(JsonObject item, JsonObject? old, Complaints to)
    {
        var role = item.Map("roleRef") ?? [];
        if (role.Text("apiGroup") != Group) to.OneOf("roleRef.apiGroup", role.Text("apiGroup") ?? "", Group);
        if (item.Text("kind") == "ClusterRoleBinding") to.OneOf("roleRef.kind", role.Text("kind") ?? "", "ClusterRole");
        else to.OneOf("roleRef.kind", role.Text("kind") ?? "", "Role", "ClusterRole");
        if (role.Text("name") is not { Length: > 0 } name) to.Required("roleRef.name");
        else to.Invalid("roleRef.name", name, Names.PathSegment(name));
        var i = -1;
        foreach (var subject in item.Objects("subjects"))
            Subject(subject, item.Text("kind") == "RoleBinding", $"subjects[{++i}]", to);
        if (old is not null && !JsonNode.DeepEquals(item["roleRef"], old["roleRef"]))
            to.Invalid("roleRef", InternalForm.Of("RoleRef", role), "cannot change roleRef");
    }

    private static void Subject(JsonObject subject, bool namespaced, string at, Complaints to)
    {
        var name = subject.Text("name") ?? "";
        var group = subject.Text("apiGroup") ?? "";
        if (name.Length == 0) to.Required(at + ".name");
        switch (subject.Text("kind"))
        {
            case "ServiceAccount":
                if (name.Length > 0) to.Invalid(at + ".name", name, Names.DnsSubdomain(name));
                if (group.Length > 0) to.OneOf(at + ".apiGroup", group, "");
                if (!namespaced && subject.Text("namespace") is not { Length: > 0 }) to.Required(at + ".namespace");
                break;
            case "User" or "Group":
                if (group != Group) to.OneOf(at + ".apiGroup", group, Group);
                break;
            case var kind: to.OneOf(at + ".kind", kind ?? "", "ServiceAccount", "User", "Group"); break;
        }
    }
}
