using System.Text;
using System.Text.Json.Nodes;
using Spillway.ApiServer;
using Spillway.Kubernetes;

namespace Spillway.Tests.ApiServer;

/// <summary>Short ways to talk to a server in the same process.</summary>
internal static class ApiHarness
{
    public static async Task<KubeApiServer> OpenAsync(string? folder = null) => await KubeApiServer.OpenAsync(
        new KubeApiServerOptions { StateFolder = folder, Time = TimeProvider.System, Random = new Random(1) },
        CancellationToken.None);

    public static async Task<(int Status, JsonObject Body)> SendAsync(
        this KubeApiServer server, string method, string path, string? body = null, string type = "application/json")
    {
        var response = await server.Transport("test").SendAsync(
            new KubernetesRequest(method, path)
            {
                Body = body is null ? default : Encoding.UTF8.GetBytes(body), ContentType = type,
            },
            CancellationToken.None);
        return (response.Status, JsonNode.Parse(response.Body.Span)!.AsObject());
    }

    public static string ConfigMap(string name, string value = "1", string extra = "") =>
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}"{{{extra}}}},"data":{"k":"{{{value}}}"}}""";
}
