using System.Text.Json;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Auth;
using Spillway.ApiServer.CustomResources;
using Spillway.ApiServer.Discovery;
using Spillway.ApiServer.Http;
using Spillway.ApiServer.Http.Protobuf;
using Spillway.ApiServer.Registry;
using Spillway.ApiServer.Schema;
using Spillway.ApiServer.Storage;
using Spillway.Kubernetes;

namespace Spillway.ApiServer;

/// <summary>
/// A Kubernetes API server. Requests come through <see cref="HandleAsync"/>, from a socket (<see cref="HttpFront"/>) or
/// from the same process (<see cref="Transport"/>). With state in memory every request but a watch is answered before
/// the call returns, in the caller's thread.
/// </summary>
public sealed class KubeApiServer : IAsyncDisposable
{
    private readonly ResourceVerbs _verbs;
    private readonly Authenticator _authenticator;
    private readonly AccessControl _access;
    private readonly GeneralPaths _general;
    private readonly IdentitySource _identities;
    private readonly CustomResourceHost _customs;

    private KubeApiServer(KubeApiServerOptions options, ObjectStore store)
    {
        Store = store;
        Types = new TypeCatalog();
        Pki = Pki.Open(options.StateFolder, options.Time);
        _identities = new IdentitySource(options.Random);
        var authorizer = new RbacAuthorizer(store);
        var tokens = new ServiceAccountTokens(Pki, store, options.Time, _identities.NewUid);
        _authenticator = new Authenticator(options.Tokens, tokens, Pki);
        _access = new AccessControl(authorizer);
        _general = new GeneralPaths(
            Types, tokens, () => PublicAddress, options.Time.GetUtcNow(), () => Hooks.Metrics is not null);
        var door = new WebhookDoor(options.Services);
        var chain = new AdmissionChain(
            StoreReads.For(store, Types, authorizer, options.Time), options.Time, options.Random, door);
        _customs = new CustomResourceHost(
            store, Types, options.Time, new ConversionCaller(door, _identities.NewUid), DeleteAsync);
        Quotas = chain.Quotas;
        var steps = new WriteSteps(store, chain, _identities, options.Time);
        var view = new ObjectView(options.Time);
        var reads = new ReadVerbs(store, view);
        var creates = new CreateVerb(steps, view);
        var updates = new UpdateVerbs(steps, view, creates);
        var deletes = new DeleteVerbs(steps, view, reads);
        var reviews = new AccessReviews(authorizer, _authenticator, steps);
        var watches = new WatchVerb(store, view, options.Time, () => _identities.Below(1800));
        var parts = new Subresources(reads, updates, deletes, steps, view, Types) { Tokens = tokens, Hooks = Hooks };
        _verbs = new ResourceVerbs(reads, watches, creates, updates, deletes, parts) { Reviews = reviews };
    }

    /// <summary>The administrator, for the parts of the control plane that run in this process.</summary>
    public static Requester Administrator { get; } = new("system:admin", "system:masters", "system:authenticated");

    /// <summary>What is served; custom resources come and go here.</summary>
    public TypeCatalog Types { get; }

    public ObjectStore Store { get; }

    /// <summary>The cluster's authority: certificates for this server, its users, and the signer of its tokens.</summary>
    public Pki Pki { get; }

    /// <summary>What namespaces may use, for the loop that counts it again after deletions.</summary>
    public ResourceQuotas Quotas { get; }

    /// <summary>Logs and measurements, which only somebody with kubelets can give.</summary>
    public ClusterHooks Hooks { get; } = new();

    /// <summary>Host and port that discovery tells clients; set when a socket listens.</summary>
    public string PublicAddress { get; internal set; } = "127.0.0.1:6443";

    /// <summary>Opens the state and makes what every cluster starts with.</summary>
    public static async Task<KubeApiServer> OpenAsync(KubeApiServerOptions options, CancellationToken cancellationToken)
    {
        var store = options.StateFolder is { } folder ? ObjectStore.Open(folder) : ObjectStore.InMemory();
        var server = new KubeApiServer(options, store);
        BuiltInResources.Register(server.Types, new BuiltInRules());
        server.ServeDefinitions();
        await Bootstrap.EnsureAsync(
            server.Transport("kube-apiserver"), server.Pki.AuthorityPem, options.Time.GetUtcNow(), cancellationToken);
        await server._customs.StartAsync();
        return server;
    }

    /// <summary>A way into this server as a user; the agent's name becomes the field manager of its writes.</summary>
    public InProcessTransport Transport(string agent, Requester? user = null) =>
        new(this, user ?? Administrator, agent);

    /// <summary>Answers one request. Refusals are answers; only a cancelled request throws.</summary>
    public async ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await RouteAsync(request, cancellationToken);
        }
        catch (ApiFailure failure)
        {
            return Refusal(request, failure);
        }
        catch (StorageException e)
        {
            Hooks.OnUnwritable?.Invoke(e);
            return Refusal(request, new ApiFailure(500, "InternalError", "Internal error occurred: " + e.Message));
        }
        catch (JsonException e)
        {
            return Refusal(request, ApiFailure.BadRequest(e.Message));
        }
        catch (Exception e) when (e is not OperationCanceledException and not OutOfMemoryException)
        {
            // The request handler's catch-all: one broken request must not take the cluster along.
            var failure =
                Refusal(request, new ApiFailure(500, "InternalError", "Internal error occurred: " + e.Message));
            Hooks.Failed(request, e);
            return failure;
        }
    }

    /// <summary>Writes what was accepted and gives the state folder free.</summary>
    public async ValueTask DisposeAsync()
    {
        await _customs.DisposeAsync();
        await Store.DisposeAsync();
    }

    /// <summary>A refusal in the form the client asked for; every kind's refusals can be had in protobuf.</summary>
    private static ApiResponse Refusal(ApiRequest request, ApiFailure failure)
    {
        var response = ApiResponse.Of(failure);
        return Representation.Choose(request.Header("Accept"), request.Query, hasProtobuf: true) is { IsProtobuf: true }
            ? ProtobufAnswer.Of(response) : response;
    }

    private static async ValueTask<ApiResponse> InProtobufAsync(ValueTask<ApiResponse> answer) =>
        ProtobufAnswer.Of(await answer);

    /// <summary>Definitions are stored like other built-in kinds, under rules of their own.</summary>
    private void ServeDefinitions()
    {
        var definitions = Types.Find("apiextensions.k8s.io", "customresourcedefinitions")
            ?? throw new InvalidOperationException("the type table has no customresourcedefinitions");
        Types.Register(definitions with { Rules = new DefinitionKindRules(definitions.Rules) });
    }

    private async Task DeleteAsync(string path, CancellationToken cancellationToken)
    {
        var answer =
            await Transport("kube-apiserver").SendAsync(new KubernetesRequest("DELETE", path), cancellationToken);
        if (answer.Status is >= 500)
            throw new InvalidOperationException($"DELETE {path}: {System.Text.Encoding.UTF8.GetString(answer.Body.Span)}");
    }

    private ValueTask<ApiResponse> RouteAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var user = _access.Impersonate(_authenticator.Authenticate(request), request);
        var target = RequestTarget.Parse(request.Method, request.Path, request.Query);
        if (target.Verb.Length == 0 || request.Method is "HEAD" && target.IsResource) throw ResourceVerbs.NotAllowed();
        _access.Check(user, target);
        if (!target.IsResource) return ValueTask.FromResult(_general.Answer(request, target));
        if (target.Group == "metrics.k8s.io") return Hooks.MetricsAsync(target, request, cancellationToken);
        var resource = Types.Find(target.Group, target.Resource);
        if (resource?.Version(target.Version) is not { } type)
        {
            if (target.Group.Length > 0 && !Types.IsBuiltIn(target.Group))
                return ValueTask.FromResult(ApiResponse.Text(404, "404 page not found\n"));
            throw ResourceVerbs.NoSuchResource();
        }
        if (type is { IsCustom: true, Namespaced: false } && target.Namespace.Length > 0)
            return ValueTask.FromResult(ApiResponse.Text(404, "404 page not found\n"));
        var accept = Representation.Choose(request.Header("Accept"), request.Query, ProtobufAnswer.Has(type))
            ?? throw NotAcceptable(request, type);
        var asked = new ResourceRequest
        {
            Http = request, Target = target, Resource = resource, Type = type, User = user, Accept = accept,
        };
        if (type.DeprecationWarning is { } warning) asked.Warnings.Add(warning);
        var answer = _verbs.HandleAsync(asked, cancellationToken);
        return accept.IsProtobuf ? InProtobufAsync(answer) : answer;
    }

    private static ApiFailure NotAcceptable(ApiRequest request, ResourceType type) =>
        type.IsCustom && request.Header("Accept")!.Contains(ProtobufAnswer.MediaType, StringComparison.Ordinal)
        || request.Header("Accept")!.Contains(";as=", StringComparison.Ordinal)
        ? new ApiFailure(406, "NotAcceptable",
            "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf")
        : new ApiFailure(406, "NotAcceptable",
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf")
    {
        Details = [],
    };
}
