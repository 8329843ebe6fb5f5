using System.Text;
using Spillway.Kubernetes;

namespace Spillway.ApiServer.Registry;

/// <summary>What every cluster has from the start. Made through the API, so that it looks like everything else.</summary>
internal static class Bootstrap
{
    private static readonly string[] s_namespaces = ["default", "kube-node-lease", "kube-public", "kube-system"];

    public static async Task EnsureAsync(IKubernetesTransport api, CancellationToken cancellationToken)
    {
        foreach (var name in s_namespaces)
        {
            await CreateAsync(api, "/api/v1/namespaces",
                "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"" + name + "\"}}", cancellationToken);
        }
    }

    /// <summary>Creates an object unless it is there already.</summary>
    private static async Task CreateAsync(
        IKubernetesTransport api, string path, string body, CancellationToken cancellationToken)
    {
        var answer = await api.SendAsync(
            new KubernetesRequest("POST", path) { Body = Encoding.UTF8.GetBytes(body) }, cancellationToken);
        if (answer.IsSuccess || answer.Status == 409) return;
        throw new InvalidOperationException($"{path}: {Encoding.UTF8.GetString(answer.Body.Span)}");
    }
}
