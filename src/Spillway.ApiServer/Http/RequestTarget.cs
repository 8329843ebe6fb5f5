namespace Spillway.ApiServer.Http;

/// <summary>What a path and a method ask for, as the authorizer and the verbs name it.</summary>
public sealed record RequestTarget
{
    /// <summary>True below <c>/api/v1</c> and <c>/apis/GROUP/VERSION</c> with a resource; otherwise only the path counts.</summary>
    public required bool IsResource { get; init; }

    /// <summary>get, list, watch, create, update, patch, delete, deletecollection; a lower-case method for other paths.</summary>
    public required string Verb { get; init; }

    /// <summary>Unescaped.</summary>
    public required string Path { get; init; }

    public string Group { get; init; } = "";

    public string Version { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Resource { get; init; } = "";

    public string Name { get; init; } = "";

    public string Subresource { get; init; } = "";

    /// <summary>What follows the subresource, such as a proxied path.</summary>
    public string Rest { get; init; } = "";

    public static RequestTarget Parse(string method, string path, Query query)
    {
        var whole = path.Contains('%') ? Uri.UnescapeDataString(path) : path;
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (path.Contains('%'))
            for (var i = 0; i < parts.Length; i++) parts[i] = Uri.UnescapeDataString(parts[i]);
        var at = parts.Length >= 3 && parts[0] == "api" ? 2 : parts.Length >= 4 && parts[0] == "apis" ? 3 : 0;
        if (at == 0) return new RequestTarget { IsResource = false, Verb = method.ToLowerInvariant(), Path = whole };
        var group = at == 3 ? parts[1] : "";
        var version = parts[at - 1];
        var isWatchPath = parts[at] == "watch" && parts.Length > at + 1;
        var rest = parts.AsSpan(isWatchPath ? at + 1 : at);
        var space = "";
        if (rest[0] == "namespaces" && rest.Length > 1)
        {
            space = rest[1];
            if (rest.Length > 2 && rest[2] is not ("status" or "finalize")) rest = rest[2..];
        }
        var name = rest.Length > 1 ? rest[1] : "";
        var verb = VerbOf(method, name.Length > 0);
        if ((isWatchPath && (verb is "get" or "list")) || (verb == "list" && query.Flag("watch"))) verb = "watch";
        if (name.Length == 0 && verb is "list" or "watch" or "deletecollection") name = NameOf(query, name);
        return new RequestTarget
        {
            IsResource = true, Path = whole, Verb = verb, Group = group, Version = version, Namespace = space,
            Resource = rest[0], Name = name,
            Subresource = rest.Length > 2 ? rest[2] : "",
            Rest = rest.Length > 3 ? string.Join('/', rest[3..].ToArray()) : "",
        };
    }

    private static string VerbOf(string method, bool named) => method switch
    {
        "POST" => "create",
        "GET" or "HEAD" => named ? "get" : "list",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => named ? "delete" : "deletecollection",
        _ => "",
    };

    /// <summary>A list of one name by field selector is authorized as that name.</summary>
    private static string NameOf(Query query, string name)
    {
        if (query["fieldSelector"] is not { } selector) return name;
        foreach (var term in selector.Split(','))
        {
            if (!term.StartsWith("metadata.name=", StringComparison.Ordinal)) continue;
            return term["metadata.name=".Length..].TrimStart('=');
        }
        return name;
    }
}
