using System.Text;
using Spillway.ApiServer.Http;

namespace Spillway.ApiServer.Discovery;

/// <summary>healthz, livez and readyz. The names are the real server's; here they all mean that the store answers.</summary>
internal static class HealthChecks
{
    private static readonly string[] s_hooks =
    [
        "start-apiserver-admission-initializer", "generic-apiserver-start-informers",
        "priority-and-fairness-config-consumer", "priority-and-fairness-filter", "storage-object-count-tracker-hook",
        "start-apiextensions-informers", "start-apiextensions-controllers", "crd-informer-synced",
        "start-system-namespaces-controller", "peer-endpoint-reconciler-controller",
        "start-cluster-authentication-info-controller", "start-kube-apiserver-identity-lease-controller",
        "start-kube-apiserver-identity-lease-garbage-collector", "storage-readiness",
        "start-legacy-token-tracking-controller", "start-service-ip-repair-controllers", "rbac/bootstrap-roles",
        "scheduling/bootstrap-system-priority-classes", "priority-and-fairness-config-producer", "bootstrap-controller",
        "start-kubernetes-service-cidr-controller", "aggregator-reload-proxy-client-cert",
            "start-kube-aggregator-informers",
        "apiservice-status-local-available-controller", "apiservice-status-remote-available-controller",
        "apiservice-registration-controller", "apiservice-wait-for-first-sync", "apiservice-discovery-controller",
        "kube-apiserver-autoregistration",
    ];

    private static readonly string[] s_late = ["apiservice-openapi-controller", "apiservice-openapiv3-controller"];

    /// <summary>Checks of one endpoint, in order.</summary>
    public static IEnumerable<string> Names(string endpoint)
    {
        yield return "ping";
        yield return "log";
        if (endpoint == "readyz") yield return "informer-sync";
        else
        {
            yield return "loopback-serving-certificate";
            yield return "etcd";
        }
        foreach (var hook in s_hooks) yield return "poststarthook/" + hook;
        yield return "autoregister-completion";
        foreach (var hook in s_late) yield return "poststarthook/" + hook;
        if (endpoint == "readyz") yield return "shutdown";
    }

    /// <summary>Null when the path names no check.</summary>
    public static ApiResponse? Answer(string path, Query query)
    {
        var parts = path.Trim('/').Split('/', 2);
        if (parts[0] is not ("healthz" or "livez" or "readyz")) return null;
        if (parts.Length == 2)
        {
            if (!Names(parts[0]).Contains(parts[1])) return null;
            return new ApiResponse
            {
                Status = 200, Body = ["ok"u8.ToArray()], ContentType = "text/plain; charset=utf-8",
            };
        }
        return query["verbose"] is null ? ApiResponse.Text(200, "ok") : ApiResponse.Text(200, Verbose(parts[0], query));
    }

    private static string Verbose(string endpoint, Query query)
    {
        var excluded =
            query.Pairs.Where(p => p.Name == "exclude").Select(p => p.Value).ToHashSet(StringComparer.Ordinal);
        var text = new StringBuilder();
        foreach (var name in Names(endpoint))
            text.Append("[+]").Append(name).Append(excluded.Remove(name) ? " excluded: ok\n" : " ok\n");
        if (excluded.Count > 0)
        {
            text.Append("warn: some health checks cannot be excluded: no matches for ")
                .AppendJoin(", ", excluded.Order(StringComparer.Ordinal).Select(e => $"\"{e}\"")).Append('\n');
        }
        return text.Append(endpoint).Append(" check passed\n").ToString();
    }
}
