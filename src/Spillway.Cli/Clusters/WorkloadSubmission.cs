using System.Text.Json.Nodes;
using Spillway.Core.ClusterFile;
using Spillway.Kubernetes;

namespace Spillway.Cli.Clusters;

/// <summary>One object as the server took it.</summary>
internal sealed record Submitted(string Kind, string Namespace, string Name, string Outcome)
{
    public override string ToString() => $"{Kind.ToLowerInvariant()}/{Name} {Outcome}";
}

/// <summary>
/// Sends documents to a cluster by server-side apply, so that sending them twice changes nothing. Kinds are looked up in
/// the server's own discovery: whatever the cluster serves may be submitted.
/// </summary>
internal sealed class WorkloadSubmission(KubernetesClient client)
{
    private readonly Dictionary<string, JsonArray> _kinds = new(StringComparer.Ordinal);

    public async Task<IReadOnlyList<Submitted>> SubmitAsync(
        IEnumerable<FileDocument> documents, CancellationToken cancellationToken)
    {
        var submitted = new List<Submitted>();
        foreach (var document in documents) submitted.Add(await SubmitAsync(document, cancellationToken));
        return submitted;
    }

    private async Task<Submitted> SubmitAsync(FileDocument document, CancellationToken cancellationToken)
    {
        var resource = await FindAsync(document, cancellationToken);
        var wanted = new KubernetesObject((JsonObject)document.Json.DeepClone());
        if (resource.Namespaced && wanted.Namespace.Length == 0) wanted.Metadata["namespace"] = "default";
        try
        {
            if (wanted.Name.Length == 0) return await CreateAsync(resource, wanted, document, cancellationToken);
            var before = await client.GetAsync(resource, wanted.Key, cancellationToken);
            var options = new WriteOptions { FieldManager = "spillway-submit" };
            var result = await client.ApplyAsync(resource, wanted, options, cancellationToken);
            if (result is not WriteResult<KubernetesObject>.Written written) throw Refused(document, result);
            var outcome = before is null ? "created"
                : before.ResourceVersion == written.Object.ResourceVersion ? "unchanged" : "configured";
            return new Submitted(document.Kind, wanted.Namespace, wanted.Name, outcome);
        }
        catch (KubernetesStatusException refused) when (refused.Status.Code < 500)
        {
            throw new CommandFailure(ExitCode.No, $"{document.Place}: {refused.Status.Message}", refused);
        }
    }

    // An object with generateName alone gets a new name each time: it can only be created.
    private async Task<Submitted> CreateAsync(
        KubernetesResource<KubernetesObject> resource, KubernetesObject wanted, FileDocument document,
        CancellationToken cancellationToken)
    {
        var result = await client.CreateAsync(resource, wanted, cancellationToken);
        if (result is not WriteResult<KubernetesObject>.Written written) throw Refused(document, result);
        return new Submitted(document.Kind, wanted.Namespace, written.Object.Name, "created");
    }

    private async Task<KubernetesResource<KubernetesObject>> FindAsync(
        FileDocument document, CancellationToken cancellationToken)
    {
        var slash = document.ApiVersion.IndexOf('/');
        var group = slash < 0 ? "" : document.ApiVersion[..slash];
        var version = document.ApiVersion[(slash + 1)..];
        // A definition earlier in the same files may have just brought the kind, so a miss is asked again.
        var found = await LookUpAsync(document, cache: true, cancellationToken)
            ?? await LookUpAsync(document, cache: false, cancellationToken)
            ?? throw new CommandFailure(
                ExitCode.No,
                $"{document.Place}: the cluster serves no kind {document.Kind} in {document.ApiVersion}; "
                + "submit its CustomResourceDefinition first");
        return KubernetesResource.Untyped(
            group, version, found.Text("name")!, document.Kind, found.Flag("namespaced") == true);
    }

    private async Task<JsonObject?> LookUpAsync(FileDocument document, bool cache, CancellationToken cancellationToken)
    {
        if (!cache || !_kinds.TryGetValue(document.ApiVersion, out var kinds))
        {
            var path = (document.ApiVersion.Contains('/') ? "/apis/" : "/api/") + document.ApiVersion;
            var response = await client.Transport.SendAsync(new KubernetesRequest("GET", path), cancellationToken);
            kinds = response.IsSuccess && JsonNode.Parse(response.Body.Span)?["resources"] is JsonArray list
                ? list : [];
            _kinds[document.ApiVersion] = kinds;
        }
        return kinds.OfType<JsonObject>().FirstOrDefault(
            kind => kind.Text("kind") == document.Kind && !kind.Text("name")!.Contains('/'));
    }

    private static CommandFailure Refused(FileDocument document, WriteResult<KubernetesObject> result) =>
        new(ExitCode.No, $"{document.Place}: {document.Kind} {document.Name} was not taken: {result}");
}
