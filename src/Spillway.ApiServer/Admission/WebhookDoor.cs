using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Admission;

/// <summary>
/// Finds the place that a webhook's <c>clientConfig.service</c> means: its base address, or null when the embedded
/// cluster knows no such service. <c>clientConfig.url</c> needs no door.
/// </summary>
public delegate Uri? ServiceResolver(string serviceNamespace, string serviceName, int port);

/// <summary>Calls webhooks: admission reviews and CRD conversions.</summary>
public sealed class WebhookDoor(ServiceResolver services)
{
    /// <summary>Posts a review and returns the answer's body; throws <see cref="WebhookUnreachable"/> when none comes.</summary>
    public Task<JsonObject> PostAsync(
        JsonObject clientConfig, JsonObject review, TimeSpan timeout, CancellationToken cancellationToken)
    {
        _ = (services, clientConfig, review, timeout, cancellationToken);
        throw new WebhookUnreachable("not wired");
    }
}

/// <summary>No usable answer from a webhook, in the words the real server gives.</summary>
public sealed class WebhookUnreachable(string message) : Exception(message);
