using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Registry;

/// <summary>
/// The roles within kube-system and kube-public that every cluster has: by them a kube-scheduler and a
/// kube-controller-manager with users of their own read whom to trust.
/// </summary>
internal static class SystemRoles
{
    private const string Trust = "extension-apiserver-authentication";

    private static readonly string[] s_read = ["get", "list", "watch"];
    private static readonly string[] s_tell = ["create", "patch", "update"];

    /// <summary>Roles and bindings with the path each is made under.</summary>
    public static IEnumerable<(string Path, JsonObject Object)> All()
    {
        foreach (var (ns, name, rules, subjects) in Wanted())
        {
            yield return Made(ns, "Role", name, new JsonObject { ["rules"] = new JsonArray([.. rules]) });
            yield return Made(ns, "RoleBinding", name == Trust + "-reader" ? "system::" + name : name, new JsonObject
            {
                ["roleRef"] = new JsonObject
                {
                    ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "Role", ["name"] = name,
                },
                ["subjects"] = new JsonArray([.. subjects]),
            });
        }
    }

    private static IEnumerable<(string, string, JsonNode[], JsonNode[])> Wanted()
    {
        const string signer = "system:controller:bootstrap-signer";
        yield return ("kube-public", signer,
            [Rule("configmaps", s_read), Rule("configmaps", ["update"], "cluster-info"), Events()],
            [Account("bootstrap-signer")]);
        yield return ("kube-system", signer, [Rule("secrets", s_read)], [Account("bootstrap-signer")]);
        yield return ("kube-system", Trust + "-reader", [Rule("configmaps", s_read, Trust)],
            [User("system:kube-controller-manager"), User("system:kube-scheduler")]);
        foreach (var part in (string[])["kube-controller-manager", "kube-scheduler"])
        {
            yield return ("kube-system", "system::leader-locking-" + part,
                [Rule("configmaps", ["watch"]), Rule("configmaps", ["get", "update"], part)],
                [User("system:" + part), Account(part)]);
        }
        yield return ("kube-system", "system:controller:cloud-provider", [Rule("configmaps", ["create", .. s_read])],
            [Account("cloud-provider")]);
        yield return ("kube-system", "system:controller:token-cleaner",
            [Rule("secrets", [.. s_read, "delete"]), Events()], [Account("token-cleaner")]);
    }

    private static (string, JsonObject) Made(string ns, string kind, string name, JsonObject rest)
    {
        rest["apiVersion"] = "rbac.authorization.k8s.io/v1";
        rest["kind"] = kind;
        rest["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = ns,
            ["labels"] = new JsonObject { ["kubernetes.io/bootstrapping"] = "rbac-defaults" },
            ["annotations"] = new JsonObject { ["rbac.authorization.kubernetes.io/autoupdate"] = "true" },
        };
        return ($"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/{kind.ToLowerInvariant()}s", rest);
    }

    private static JsonObject Rule(string resource, string[] verbs, string? name = null)
    {
        var rule = new JsonObject
        {
            ["apiGroups"] = new JsonArray(""), ["resources"] = new JsonArray(resource),
            ["verbs"] = new JsonArray([.. verbs.Select(verb => (JsonNode)verb)]),
        };
        if (name is not null) rule["resourceNames"] = new JsonArray(name);
        return rule;
    }

    private static JsonObject Events()
    {
        var rule = Rule("events", s_tell);
        rule["apiGroups"] = new JsonArray("", "events.k8s.io");
        return rule;
    }

    private static JsonObject User(string name) => new()
    {
        ["kind"] = "User", ["apiGroup"] = "rbac.authorization.k8s.io", ["name"] = name,
    };

    private static JsonObject Account(string name) => new()
    {
        ["kind"] = "ServiceAccount", ["namespace"] = "kube-system", ["name"] = name,
    };
}
