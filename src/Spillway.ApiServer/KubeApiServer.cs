using System.Text.Json;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Http;
using Spillway.ApiServer.Registry;
using Spillway.ApiServer.Storage;

namespace Spillway.ApiServer;

/// <summary>
/// A Kubernetes API server. Requests come through <see cref="HandleAsync"/>, from a socket (<see cref="HttpFront"/>) or
/// from the same process (<see cref="Transport"/>). With state in memory every request but a watch is answered before
/// the call returns, in the caller's thread.
/// </summary>
public sealed class KubeApiServer : IAsyncDisposable
{
    private readonly KubeApiServerOptions _options;
    private readonly ResourceVerbs _verbs;

    private KubeApiServer(KubeApiServerOptions options, ObjectStore store)
    {
        _options = options;
        Store = store;
        Types = new TypeCatalog();
        var identities = new IdentitySource(options.Random);
        var view = new ObjectView();
        var chain = new AdmissionChain(
            StoreReads.For(store, Types), options.Time, options.Random, new WebhookDoor(options.Services));
        var steps = new WriteSteps(store, chain, identities, options.Time);
        var reads = new ReadVerbs(store, view);
        var creates = new CreateVerb(steps, view);
        var updates = new UpdateVerbs(steps, view, creates);
        _verbs = new ResourceVerbs(
            reads, new WatchVerb(store, view, options.Time, () => identities.Below(1800)), creates, updates,
            new DeleteVerbs(steps, view, reads), new Subresources(reads, updates));
    }

    /// <summary>The administrator, for the parts of the control plane that run in this process.</summary>
    public static Requester Administrator { get; } = new("system:admin", "system:masters", "system:authenticated");

    /// <summary>What is served; custom resources come and go here.</summary>
    public TypeCatalog Types { get; }

    public ObjectStore Store { get; }

    /// <summary>Opens the state and makes what every cluster starts with.</summary>
    public static async Task<KubeApiServer> OpenAsync(KubeApiServerOptions options, CancellationToken cancellationToken)
    {
        var store = options.StateFolder is { } folder ? ObjectStore.Open(folder) : ObjectStore.InMemory();
        var server = new KubeApiServer(options, store);
        BuiltInResources.Register(server.Types, new BuiltInRules());
        await Bootstrap.EnsureAsync(server.Transport("kube-apiserver"), cancellationToken);
        return server;
    }

    /// <summary>A way into this server as a user; the agent's name becomes the field manager of its writes.</summary>
    public InProcessTransport Transport(string agent, Requester? user = null) => new(this, user ?? Administrator, agent);

    /// <summary>Answers one request. Refusals are answers; only a cancelled request throws.</summary>
    public async ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await RouteAsync(request, cancellationToken);
        }
        catch (ApiFailure failure)
        {
            return ApiResponse.Of(failure);
        }
        catch (StorageException e)
        {
            return ApiResponse.Of(new ApiFailure(500, "InternalError", "Internal error occurred: " + e.Message));
        }
        catch (JsonException e)
        {
            return ApiResponse.Of(ApiFailure.BadRequest(e.Message));
        }
    }

    /// <summary>Writes what was accepted and gives the state folder free.</summary>
    public ValueTask DisposeAsync() => Store.DisposeAsync();

    private ValueTask<ApiResponse> RouteAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var user = request.User ?? Authenticate(request);
        var target = RequestTarget.Parse(request.Method, request.Path, request.Query);
        if (!target.IsResource) return ValueTask.FromResult(ApiResponse.Text(404, "404 page not found\n"));
        var resource = Types.Find(target.Group, target.Resource);
        if (resource?.Version(target.Version) is not { } type)
            throw ResourceVerbs.NoSuchResource();
        var accept = Representation.Choose(request.Header("Accept"), request.Query)
            ?? throw new ApiFailure(406, "NotAcceptable", "406: Not Acceptable") { Details = [] };
        return _verbs.HandleAsync(new ResourceRequest
        {
            Http = request, Target = target, Resource = resource, Type = type, User = user, Accept = accept,
        }, cancellationToken);
    }

    private Requester Authenticate(ApiRequest request)
    {
        var header = request.Header("Authorization") ?? "";
        if (header.StartsWith("Bearer ", StringComparison.Ordinal)
            && _options.Tokens.TryGetValue(header["Bearer ".Length..], out var user)) return user;
        throw new ApiFailure(401, "Unauthorized", "Unauthorized");
    }
}
