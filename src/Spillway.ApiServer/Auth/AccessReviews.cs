using System.Text.Json.Nodes;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Http;
using Spillway.ApiServer.Registry;

namespace Spillway.ApiServer.Auth;

/// <summary>The questions about access and identity that are asked by creating an object which is never stored.</summary>
internal sealed class AccessReviews(RbacAuthorizer authorizer, Authenticator authenticator, WriteSteps steps)
{
    public bool Handles(ResourceRequest request) => request.Type.Kind is "SelfSubjectReview" or "TokenReview"
        or "SubjectAccessReview" or "SelfSubjectAccessReview" or "LocalSubjectAccessReview" or "SelfSubjectRulesReview";

    public ApiResponse Answer(ResourceRequest request)
    {
        request.ReadDryRun();
        var item = steps.Read(request);
        steps.CheckIdentity(item, request);
        request.Resource.Rules.Default(item, request.Type);
        switch (request.Type.Kind)
        {
            case "SelfSubjectReview":
                item.Ensure("metadata")["creationTimestamp"] = ObjectMeta.Time(steps.Now);
                item["status"] = new JsonObject { ["userInfo"] = Show(request.User) };
                break;
            case "SelfSubjectRulesReview":
                item["status"] = Rules(request.User, item.Map("spec")?.Text("namespace") ?? "");
                item["spec"] = new JsonObject();
                break;
            default:
                steps.TrackCreate(item, request);
                item["status"] = request.Type.Kind == "TokenReview" ? Token(item) : Access(item, request);
                break;
        }
        return ObjectView.Answer(request, 201, item);
    }

    private JsonObject Access(JsonObject item, ResourceRequest request)
    {
        var spec = item.Ensure("spec");
        var isSelf = request.Type.Kind == "SelfSubjectAccessReview";
        var (about, path) = (spec.Map("resourceAttributes"), spec.Map("nonResourceAttributes"));
        Check(request, spec, isSelf, about, path);
        var user = isSelf ? request.User : new Requester(
            spec.Text("user") ?? "", spec.Text("uid")
                ?? "", spec.Texts("groups"), new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal));
        about ??= [];
        var answer = authorizer.Ask(user, path is not null
            ? new AccessQuestion { Verb = path.Text("verb") ?? "", Path = path.Text("path") ?? "" }
            : new AccessQuestion
            {
                Verb = about.Text("verb") ?? "", Group = about.Text("group") ?? "", Resource = about.Text("resource")
                    ?? "",
                Subresource = about.Text("subresource") ?? "", Namespace = about.Text("namespace") ?? "",
                Name = about.Text("name") ?? "",
            });
        var status = new JsonObject { ["allowed"] = answer.IsAllowed };
        if (answer.Reason.Length > 0) status["reason"] = answer.Reason;
        return status;
    }

    private static void Check(
        ResourceRequest request, JsonObject spec, bool isSelf, JsonObject? about, JsonObject? path)
    {
        var errors = new List<FieldError>();
        if (about is not null && path is not null)
        {
            errors.Add(FieldError.Invalid("spec.nonResourceAttributes", path,
                "cannot be specified in combination with resourceAttributes"));
        }
        if (about is null && path is null)
        {
            errors.Add(FieldError.Invalid("spec.resourceAttributes", null,
                "exactly one of nonResourceAttributes or resourceAttributes must be specified"));
        }
        if (!isSelf && spec.Text("user") is not { Length: > 0 } && spec.Texts("groups").Length == 0)
            errors.Add(FieldError.Invalid(
                "spec.user", JsonValue.Create(""), "at least one of user or group must be specified"));
        if (errors.Count > 0) throw ApiFailure.Invalid(request.Type.Group, request.Type.Kind, "", errors);
    }

    private JsonObject Token(JsonObject item)
    {
        var spec = item.Ensure("spec");
        var token = spec.Text("token") ?? "";
        if (token.Length == 0)
            throw ApiFailure.BadRequest("token is required for TokenReview in authentication");
        var audiences = spec.Texts("audiences");
        if (authenticator.OfToken(token, audiences) is not { } user)
            return new JsonObject { ["user"] = new JsonObject(), ["error"] = "invalid bearer token" };
        return new JsonObject
        {
            ["authenticated"] = true,
            ["user"] = Show(user),
            ["audiences"] = new JsonArray(
                [.. (audiences.Length > 0 ? audiences : [ServiceAccountTokens.Issuer]).Select(a => (JsonNode)a)]),
        };
    }

    private JsonObject Rules(Requester user, string space)
    {
        var (resources, paths) = (new JsonArray(), new JsonArray());
        if (user.Groups.Contains("system:masters"))
        {
            resources.Add(
                new JsonObject { ["verbs"] = List(["*"]), ["apiGroups"] = List(["*"]), ["resources"] = List(["*"]) });
            paths.Add(new JsonObject { ["verbs"] = List(["*"]), ["nonResourceURLs"] = List(["*"]) });
        }
        foreach (var rule in authorizer.Rules(user, space))
        {
            if (rule.Paths.Length > 0)
            {
                paths.Add(new JsonObject { ["verbs"] = List(rule.Verbs), ["nonResourceURLs"] = List(rule.Paths) });
                continue;
            }
            var shown = new JsonObject
            {
                ["verbs"] = List(rule.Verbs), ["apiGroups"] = List(rule.Groups), ["resources"] = List(rule.Resources),
            };
            if (rule.Names.Length > 0) shown["resourceNames"] = List(rule.Names);
            resources.Add(shown);
        }
        return new JsonObject { ["resourceRules"] = resources, ["nonResourceRules"] = paths, ["incomplete"] = false };
    }

    private static JsonArray List(string[] items) => new([.. items.Select(i => (JsonNode)i)]);

    private static JsonObject Show(Requester user)
    {
        var shown = new JsonObject { ["username"] = user.Name };
        if (user.Uid.Length > 0) shown["uid"] = user.Uid;
        shown["groups"] = new JsonArray([.. user.Groups.Select(g => (JsonNode)g)]);
        if (user.Extra.Count == 0) return shown;
        var extra = new JsonObject();
        foreach (var (name, values) in user.Extra.OrderBy(e => e.Key, StringComparer.Ordinal))
            extra[name] = new JsonArray([.. values.Select(v => (JsonNode)v)]);
        shown["extra"] = extra;
        return shown;
    }
}
