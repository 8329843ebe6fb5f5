using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Asks the server what it serves: every resource in its preferred version.</summary>
internal sealed class ApiDiscovery(KubernetesClient client)
{
    /// <summary>Resources that can be listed, watched and deleted. Groups that do not answer are named in the second part.</summary>
    public async Task<(List<KubernetesResource> Resources, List<string> Silent)> DeletableAsync(
        CancellationToken cancellationToken)
    {
        var found = new List<KubernetesResource>();
        var silent = new List<string>();
        await AddAsync("/api/v1", "v1", found, silent, cancellationToken);
        var groups = await GetAsync("/apis", cancellationToken)
            ?? throw new HttpRequestException("The API server does not answer discovery.");
        foreach (var group in groups.ObjectsAt("groups"))
        {
            var version = group.Text("preferredVersion", "groupVersion");
            if (version is not null) await AddAsync("/apis/" + version, version, found, silent, cancellationToken);
        }

        return (found, silent);
    }

    private async Task AddAsync(
        string path, string groupVersion, List<KubernetesResource> found, List<string> silent,
            CancellationToken cancellationToken)
    {
        if (await GetAsync(path, cancellationToken) is not { } list)
        {
            silent.Add(groupVersion);
            return;
        }

        var slash = groupVersion.IndexOf('/');
        var group = slash < 0 ? "" : groupVersion[..slash];
        var version = groupVersion[(slash + 1)..];
        foreach (var item in list.ObjectsAt("resources"))
        {
            var plural = item.Text("name") ?? "";
            var verbs = item.TextsAt("verbs").ToHashSet(StringComparer.Ordinal);
            if (plural.Contains('/') || !verbs.Contains("list") || !verbs.Contains("watch")
                || !verbs.Contains("delete")) continue;
            found.Add(new KubernetesResource(group, version, plural, item.Text("kind")
                ?? "", item.Flag("namespaced") == true));
        }
    }

    private async Task<JsonObject?> GetAsync(string path, CancellationToken cancellationToken)
    {
        var response = await client.Transport.SendAsync(new KubernetesRequest("GET", path), cancellationToken);
        try
        {
            return response.IsSuccess ? JsonNode.Parse(response.Body.Span) as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
