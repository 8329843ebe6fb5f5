using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>Rules of <c>spec.conversion</c>.</summary>
internal static class ConversionRules
{
    private static readonly string[] KnownReviewVersions = ["v1", "v1beta1"];

    public static void Check(JsonObject? conversion, List<FieldError> errors)
    {
        if (conversion is null) return;
        var strategy = conversion.Text("strategy") ?? "";
        var webhook = conversion.Map("webhook");
        var client = webhook?.Map("clientConfig");
        if (strategy.Length == 0) errors.Add(FieldError.Required("spec.conversion.strategy", ""));
        else if (strategy is not ("None" or "Webhook"))
            errors.Add(FieldError.NotSupported("spec.conversion.strategy", strategy, ["None", "Webhook"]));
        if (strategy != "Webhook")
        {
            if (client is not null)
            {
                errors.Add(FieldError.Forbidden("spec.conversion.webhookClientConfig",
                    "should not be set when strategy is not set to Webhook"));
            }

            return;
        }

        if (client is null)
        {
            errors.Add(FieldError.Required("spec.conversion.webhookClientConfig",
                "required when strategy is set to Webhook"));
        }
        else
        {
            CheckClient(client, "spec.conversion.webhookClientConfig", errors);
        }

        CheckReviewVersions(webhook?.Texts("conversionReviewVersions") ?? [], errors);
    }

    private static void CheckReviewVersions(string[] versions, List<FieldError> errors)
    {
        const string path = "spec.conversion.conversionReviewVersions";
        if (versions.Length == 0)
        {
            errors.Add(FieldError.Required(path, ""));
            return;
        }

        if (!versions.Any(v => KnownReviewVersions.Contains(v)))
        {
            errors.Add(FieldError.Invalid(path, new JsonArray([.. versions.Select(v => JsonValue.Create(v))]),
                "must include at least one of v1, v1beta1"));
        }
    }

    private static void CheckClient(JsonObject client, string path, List<FieldError> errors)
    {
        var (url, service) = (client.Text("url"), client.Map("service"));
        if ((url is null) == (service is null))
        {
            errors.Add(FieldError.Required(path, "exactly one of url or service is required"));
        }
        else if (url is not null)
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var uri))
                errors.Add(FieldError.Required(path + ".url", "url must be a valid URL: parse error; desired format: https://host[/path]"));
            else if (uri.Scheme != "https")
            {
                errors.Add(FieldError.Invalid(path + ".url", uri.Scheme,
                    "'https' is the only allowed URL scheme; desired format: https://host[/path]"));
            }
        }
        else
        {
            if ((service!.Text("name") ?? "").Length == 0)
                errors.Add(FieldError.Required(path + ".service.name", "service name is required"));
            if ((service!.Text("namespace") ?? "").Length == 0)
                errors.Add(FieldError.Required(path + ".service.namespace", "service namespace is required"));
        }
    }
}
