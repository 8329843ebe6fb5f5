using System.IO.Compression;
using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.ApiServer.Registry;

/// <summary>What every cluster has from the start. Made through the API, so that it looks like everything else.</summary>
internal static class Bootstrap
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1/";

    private static readonly string[] s_namespaces = ["default", "kube-node-lease", "kube-public", "kube-system"];

    /// <param name="authority">PEM of the authority that client certificates are checked with.</param>
    public static async Task EnsureAsync(
        IKubernetesTransport api, string authority, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // All at once: on a disk they share a flush or two.
        List<Task> creations =
            [.. s_namespaces.Select(n => CreateAsync(api, "/api/v1/namespaces", Namespace(n), cancellationToken))];
        await Task.WhenAll(creations);
        creations.Clear();
        var table = ReadRoles();
        foreach (var role in table.Objects("roles"))
            creations.Add(CreateAsync(api, Rbac + "clusterroles", Rule("ClusterRole", role), cancellationToken));
        foreach (var binding in table.Objects("bindings"))
            creations.Add(
                CreateAsync(api, Rbac + "clusterrolebindings", Rule("ClusterRoleBinding", binding), cancellationToken));
        foreach (var (path, item) in SystemRoles.All()) creations.Add(CreateAsync(api, path, item, cancellationToken));
        foreach (var (name, value, text) in PriorityClasses())
        {
            creations.Add(CreateAsync(api, "/apis/scheduling.k8s.io/v1/priorityclasses", new JsonObject
            {
                ["apiVersion"] = "scheduling.k8s.io/v1", ["kind"] = "PriorityClass",
                ["metadata"] = new JsonObject { ["name"] = name }, ["value"] = value, ["description"] = text,
            }, cancellationToken));
        }
        creations.Add(CreateServiceAsync(api, cancellationToken));
        foreach (var (name, data) in SystemMaps(authority, now))
        {
            creations.Add(CreateAsync(api, "/api/v1/namespaces/kube-system/configmaps", new JsonObject
            {
                ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = name },
                ["data"] = data,
            }, cancellationToken));
        }
        await Task.WhenAll(creations);
    }

    /// <summary>
    /// What the real server's own loops publish: whom servers behind it may trust, and since when uses of old token
    /// secrets are counted.
    /// </summary>
    private static (string Name, JsonObject Data)[] SystemMaps(string authority, DateTimeOffset now) =>
    [
        ("extension-apiserver-authentication", new JsonObject { ["client-ca-file"] = authority }),
        ("kube-apiserver-legacy-service-account-token-tracking",
            new JsonObject { ["since"] = now.UtcDateTime.ToString("yyyy-MM-dd") }),
    ];

    private static JsonObject Namespace(string name) => new()
    {
        ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = name },
    };

    private static (string Name, int Value, string Text)[] PriorityClasses() =>
    [
        ("system-cluster-critical", 2_000_000_000,
            "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."),
        ("system-node-critical", 2_000_001_000,
            "Used for system critical pods that must not be moved from their current node."),
    ];

    private static JsonObject KubernetesService() => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Service",
        ["metadata"] = new JsonObject
        {
            ["name"] = "kubernetes",
            ["labels"] = new JsonObject { ["component"] = "apiserver", ["provider"] = "kubernetes" },
        },
        ["spec"] = new JsonObject
        {
            ["clusterIP"] = "10.96.0.1",
            ["clusterIPs"] = new JsonArray("10.96.0.1"),
            ["ipFamilies"] = new JsonArray("IPv4"),
            ["ipFamilyPolicy"] = "SingleStack",
            ["ports"] = new JsonArray(new JsonObject
            {
                ["name"] = "https", ["protocol"] = "TCP", ["port"] = 443, ["targetPort"] = 6443,
            }),
        },
    };

    private static JsonObject ReadRoles()
    {
        using var stream = typeof(Bootstrap).Assembly.GetManifestResourceStream("default-roles.json.br")
            ?? throw new InvalidOperationException("default-roles.json.br is not embedded: the build left it out");
        return JsonNode.Parse(new BrotliStream(stream, CompressionMode.Decompress))!.AsObject();
    }

    private static JsonObject Rule(string kind, JsonObject row)
    {
        var item = new JsonObject
        {
            ["apiVersion"] = "rbac.authorization.k8s.io/v1",
            ["kind"] = kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = row.Text("name"),
                ["labels"] = row["labels"]?.DeepClone(),
                ["annotations"] = new JsonObject { ["rbac.authorization.kubernetes.io/autoupdate"] = "true" },
            },
        };
        foreach (var (name, value) in row)
            if (name is not ("name" or "labels")) item[name] = value?.DeepClone();
        return item;
    }

    // Asked for by its address, a service that is there is refused for the address first: not as one that exists.
    private static async Task CreateServiceAsync(IKubernetesTransport api, CancellationToken cancellationToken)
    {
        const string services = "/api/v1/namespaces/default/services";
        var there =
            await api.SendAsync(new KubernetesRequest("GET", services + "/kubernetes"), cancellationToken);
        if (!there.IsSuccess) await CreateAsync(api, services, KubernetesService(), cancellationToken);
    }

    /// <summary>Creates an object unless it is there already.</summary>
    private static async Task CreateAsync(
        IKubernetesTransport api, string path, JsonObject body, CancellationToken cancellationToken)
    {
        var answer = await api.SendAsync(
            new KubernetesRequest("POST", path) { Body = Json.Bytes(body) }, cancellationToken);
        if (answer.IsSuccess || answer.Status == 409) return;
        throw new KubernetesStatusException($"create {path}", KubernetesStatus.Read(answer));
    }
}
