using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Http;

namespace Spillway.ApiServer.Auth;

/// <summary>Refuses what somebody may not do, and lets those who may speak for others.</summary>
internal sealed class AccessControl(RbacAuthorizer authorizer)
{
    public void Check(Requester user, RequestTarget target)
    {
        var question = target.IsResource
            ? new AccessQuestion
            {
                Verb = target.Verb, Group = target.Group, Resource = target.Resource, Subresource = target.Subresource,
                Namespace = target.Namespace, Name = target.Name,
            }
            : new AccessQuestion { Verb = target.Verb, Path = target.Path };
        if (!authorizer.Ask(user, question).IsAllowed) throw Refusal(user, question);
    }

    /// <summary>The user that the Impersonate headers name, if the asking one may.</summary>
    public Requester Impersonate(Requester user, ApiRequest request)
    {
        if (request.Header("Impersonate-User") is not { Length: > 0 } name) return user;
        var groups = request.Values("Impersonate-Group");
        var uid = request.Header("Impersonate-Uid") ?? "";
        MustAllow(user, name.StartsWith("system:serviceaccount:", StringComparison.Ordinal)
            && name.Split(':') is [_, _, var space, var account]
            ? new AccessQuestion { Verb = "impersonate", Resource = "serviceaccounts", Namespace = space,
                Name = account }
            : new AccessQuestion { Verb = "impersonate", Resource = "users", Name = name });
        foreach (var group in groups)
            MustAllow(user, new AccessQuestion { Verb = "impersonate", Resource = "groups", Name = group });
        if (uid.Length > 0)
        {
            MustAllow(user, new AccessQuestion
            {
                Verb = "impersonate", Group = "authentication.k8s.io", Resource = "uids", Name = uid,
            });
        }
        return new Requester(name, uid, All(name, groups), Extras(user, request));
    }

    private static List<string> All(string name, IReadOnlyList<string> groups)
    {
        var all = new List<string>(groups);
        if (name.StartsWith("system:serviceaccount:", StringComparison.Ordinal) && groups.Count == 0)
            all.AddRange(["system:serviceaccounts", "system:serviceaccounts:" + name.Split(':')[2]]);
        if (name == "system:anonymous") all.Add("system:unauthenticated");
        else if (!all.Contains("system:authenticated")) all.Add("system:authenticated");
        return all;
    }

    private Dictionary<string, IReadOnlyList<string>> Extras(Requester user, ApiRequest request)
    {
        const string prefix = "Impersonate-Extra-";
        var extras = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var header in request.HeaderNames)
        {
            if (!header.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) continue;
            var key = Uri.UnescapeDataString(header[prefix.Length..]).ToLowerInvariant();
            var values = request.Values(header);
            foreach (var value in values)
            {
                MustAllow(user, new AccessQuestion
                {
                    Verb = "impersonate", Group = "authentication.k8s.io", Resource = "userextras", Subresource =
                        key, Name = value,
                });
            }
            extras[key] = values;
        }
        return extras;
    }

    private void MustAllow(Requester user, AccessQuestion question)
    {
        if (!authorizer.Ask(user, question).IsAllowed) throw Refusal(user, question);
    }

    private static ApiFailure Refusal(Requester user, AccessQuestion question)
    {
        if (question.Path is { } path)
        {
            return new ApiFailure(
                403, "Forbidden", $"forbidden: User \"{user.Name}\" cannot {question.Verb} path \"{path}\"")
            {
                Details = [], IsFromAuthorizer = true,
            };
        }
        var resource = question.Subresource.Length == 0
            ? question.Resource : question.Resource + "/" + question.Subresource;
        var where = question.Namespace.Length > 0
            ? $"in the namespace \"{question.Namespace}\"" : "at the cluster scope";
        var why =
            $"User \"{user.Name}\" cannot {question.Verb} resource \"{resource}\" in API group \"{question.Group}\" {where}";
        var qualified = question.Group.Length == 0 ? question.Resource : question.Resource + "." + question.Group;
        var about = question.Name.Length > 0 ? $"{qualified} \"{question.Name}\"" : qualified;
        var details = new System.Text.Json.Nodes.JsonObject();
        if (question.Name.Length > 0) details["name"] = question.Name;
        if (question.Group.Length > 0) details["group"] = question.Group;
        details["kind"] = question.Resource;
        return new ApiFailure(
            403, "Forbidden", $"{about} is forbidden: {why}") { Details = details, IsFromAuthorizer = true };
    }
}
