using Spillway.ApiServer.Http;

namespace Spillway.ApiServer.Registry;

/// <summary>Parts of objects with endpoints of their own.</summary>
internal sealed class Subresources(ReadVerbs reads, UpdateVerbs updates)
{
    public ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        switch (request.Subresource)
        {
            case "status" or "finalize" or "resize" or "ephemeralcontainers" or "approval":
                return request.Target.Verb switch
                {
                    "get" => reads.GetAsync(request, cancellationToken),
                    "update" => updates.UpdateAsync(request, cancellationToken),
                    _ => updates.PatchAsync(request, cancellationToken),
                };
            default:
                throw ResourceVerbs.NoSuchResource();
        }
    }
}
