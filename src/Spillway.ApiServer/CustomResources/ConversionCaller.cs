using System.Text.Json.Nodes;
using Spillway.ApiServer.Admission;

namespace Spillway.ApiServer.CustomResources;

/// <summary>Has a definition's conversion webhook convert objects.</summary>
internal sealed class ConversionCaller(WebhookDoor door, Func<string> newUid)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    public async ValueTask<JsonObject> ConvertAsync(
        CustomDefinition definition, JsonObject client, JsonObject item, string to, CancellationToken cancellationToken)
    {
        var uid = newUid();
        var prefix = $"conversion webhook for {item.Text("apiVersion")}, Kind={definition.Kind} failed: ";
        var review = new JsonObject
        {
            ["kind"] = "ConversionReview",
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["request"] = new JsonObject
            {
                ["uid"] = uid, ["desiredAPIVersion"] = to, ["objects"] = new JsonArray(item.DeepClone()),
            },
        };
        JsonObject answer;
        try
        {
            answer = await door.PostAsync(client, review, Timeout, cancellationToken);
        }
        catch (WebhookUnreachable e)
        {
            throw Failed(prefix + e.Message);
        }

        var response = answer.Map("response") ?? throw Failed(prefix + "invalid response: no response");
        if (response.Text("uid") != uid) throw Failed($"{prefix}invalid response: expected response.uid=\"{uid}\"");
        if (response.Map("result")?.Text("status") != "Success")
            throw Failed(prefix + (response.Map("result")?.Text("message") ?? "no reason given"));
        if (response.List("convertedObjects") is not [JsonObject converted])
            throw Failed(prefix + "returned not exactly one object");
        if (converted.Text("apiVersion") != to || converted.Text("kind") != item.Text("kind"))
            throw Failed($"{prefix}returned an object of the wrong apiVersion or kind");
        return Merge(item, (JsonObject)converted.DeepClone());
    }

    /// <summary>A conversion may change labels and annotations, nothing else of the metadata.</summary>
    private static JsonObject Merge(JsonObject item, JsonObject converted)
    {
        var metadata = (JsonObject)(item.Map("metadata")?.DeepClone() ?? new JsonObject());
        foreach (var field in new[] { "labels", "annotations" })
        {
            metadata.Remove(field);
            if (converted.Map("metadata")?[field] is { } value) metadata[field] = value.DeepClone();
        }

        converted["metadata"] = metadata;
        return converted;
    }

    private static ApiFailure Failed(string message) =>
        new(500, "InternalError", "Internal error occurred: " + message) { Details = [] };
}
