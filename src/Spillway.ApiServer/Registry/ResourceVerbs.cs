using Spillway.ApiServer.Auth;
using Spillway.ApiServer.Http;

namespace Spillway.ApiServer.Registry;

/// <summary>Sends a request for objects to its verb.</summary>
internal sealed class ResourceVerbs(
    ReadVerbs reads, WatchVerb watches, CreateVerb creates, UpdateVerbs updates, DeleteVerbs deletes,
        Subresources parts)
{
    /// <summary>Answers creations that are questions.</summary>
    public required AccessReviews Reviews { get; init; }

    public ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        if (request.Subresource.Length > 0) return PartAsync(request, cancellationToken);
        CheckVerb(request);
        if (request.Resource.StoreName == "bindings") return parts.BindAsync(request, cancellationToken);
        if (request.Target.Verb == "create" && Reviews.Handles(request))
            return ValueTask.FromResult(Reviews.Answer(request));
        return request.Target.Verb switch
        {
            "get" => reads.GetAsync(request, cancellationToken),
            "list" => reads.ListAsync(request, cancellationToken),
            "watch" => ValueTask.FromResult(watches.Watch(request)),
            "create" => creates.CreateAsync(request, cancellationToken),
            "update" => updates.UpdateAsync(request, cancellationToken),
            "patch" => updates.PatchAsync(request, cancellationToken),
            "delete" => deletes.DeleteAsync(request, cancellationToken),
            "deletecollection" => deletes.DeleteCollectionAsync(request, cancellationToken),
            _ => throw NotAllowed(),
        };
    }

    public static ApiFailure NotAllowed() => new(405, "MethodNotAllowed",
        "the server does not allow this method on the requested resource")
    {
        Details = [],
    };

    public static ApiFailure NoSuchResource() =>
        new(404, "NotFound", "the server could not find the requested resource") { Details = [] };

    private ValueTask<ApiResponse> PartAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        if (!request.Type.Subresources.TryGetValue(request.Subresource, out var part)) throw NoSuchResource();
        if (Array.IndexOf(part.Verbs, request.Target.Verb) < 0) throw NotAllowed();
        return parts.HandleAsync(request, cancellationToken);
    }

    private static void CheckForm(ResourceRequest request)
    {
        var accept = request.Accept;
        if (accept is { Shape: Shape.Metadata, IsList: false } && request.Target.Verb == "list")
        {
            var package = request.Type.Group.Length == 0 ? "core" : request.Type.Group.Split('.')[0];
            throw new ApiFailure(406, "NotAcceptable", "you requested PartialObjectMetadata, but the requested object is a list "
                + $"(*{package}.{request.Type.ListKind})");
        }
        if (accept.Shape != Shape.Table || request.Query["includeObject"] is not { } wish) return;
        if (wish is "" or "None" or "Object" or "Metadata") return;
        throw ApiFailure.BadRequest("Unable to convert to Table as requested: includeObject: Invalid value: "
            + $"\"{wish}\": must be 'Metadata', 'Object', 'None', or empty");
    }

    private static void CheckVerb(ResourceRequest request)
    {
        CheckForm(request);
        var verb = request.Target.Verb;
        if (Array.IndexOf(request.Type.Verbs, verb) < 0) throw NotAllowed();
        // A name where a collection belongs, or the other way round.
        if (verb == "create" && request.Name.Length > 0) throw NotAllowed();
        if (verb is "update" or "patch" && request.Name.Length == 0) throw NotAllowed();
        if (request.Type.Namespaced && request.Namespace.Length == 0 && verb is not ("list" or "watch"))
            throw verb == "deletecollection" ? NotAllowed() : NoSuchResource();
    }
}
