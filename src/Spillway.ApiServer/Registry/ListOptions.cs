using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Http;

namespace Spillway.ApiServer.Registry;

/// <summary>The options of a list, a watch or a deletecollection, checked.</summary>
internal sealed record ListOptions
{
    public required LabelSelector Labels { get; init; }

    public required FieldSelector Fields { get; init; }

    public int Limit { get; init; }

    public ContinueToken? Continue { get; init; }

    /// <summary>Null when not given; 0 for "any".</summary>
    public long? Version { get; init; }

    public string VersionMatch { get; init; } = "";

    public bool AllowBookmarks { get; init; }

    public bool? SendInitialEvents { get; init; }

    public TimeSpan? Timeout { get; init; }

    public static ListOptions Read(Query query, ServedResource resource, string kind, bool isWatch)
    {
        var limit = Number(query, "limit");
        var timeout = Number(query, "timeoutSeconds");
        var initial = query["sendInitialEvents"] is { } value
            ? value is not ("false" or "0" or "f" or "F") : (bool?)null;
        var match = query["resourceVersionMatch"] ?? "";
        var version = query["resourceVersion"] ?? "";
        var token = query["continue"] ?? "";
        Check(isWatch, version, match, initial, token);
        return new ListOptions
        {
            Labels = LabelSelector.Parse(query["labelSelector"] ?? ""),
            Fields = FieldSelector.Parse(query["fieldSelector"] ?? "", resource, kind),
            Limit = (int)Math.Clamp(limit, 0, int.MaxValue),
            Continue = token.Length == 0 ? null : ContinueToken.Parse(token, version),
            Version = ParseVersion(version, isWatch),
            VersionMatch = match,
            AllowBookmarks = query.Flag("allowWatchBookmarks"),
            SendInitialEvents = initial,
            Timeout = timeout > 0 ? TimeSpan.FromSeconds(timeout) : null,
        };
    }

    /// <summary>The resourceVersion of a get.</summary>
    public static long? ReadVersion(Query query) => ParseVersion(query["resourceVersion"] ?? "", isWatch: false);

    private static void Check(bool isWatch, string version, string match, bool? initial, string token)
    {
        var errors = new List<FieldError>();
        if (isWatch) CheckWatch(match, initial, token, errors);
        else CheckList(version, match, initial, token, errors);
        if (errors.Count > 0) throw ApiFailure.Invalid("meta.k8s.io", "ListOptions", "", errors);
    }

    private static void CheckWatch(string match, bool? initial, string token, List<FieldError> errors)
    {
        const string field = "resourceVersionMatch";
        if (initial is not null)
        {
            if (match != "NotOlderThan")
                errors.Add(FieldError.Forbidden(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
            if (match is not ("" or "NotOlderThan"))
                errors.Add(FieldError.NotSupported(field, JsonValue.Create(match), ["NotOlderThan"]));
        }
        else if (match.Length > 0)
            errors.Add(FieldError.Forbidden(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
        if (token.Length > 0)
            errors.Add(FieldError.Forbidden(field, "resourceVersionMatch is forbidden when continue is provided"));
    }

    private static void CheckList(string version, string match, bool? initial, string token, List<FieldError> errors)
    {
        const string field = "resourceVersionMatch";
        if (match.Length > 0)
        {
            if (token.Length > 0)
                errors.Add(FieldError.Forbidden(field, "resourceVersionMatch is forbidden when continue is provided"));
            if (version.Length == 0)
                errors.Add(FieldError.Forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
            if (match is not ("Exact" or "NotOlderThan"))
                errors.Add(FieldError.NotSupported(field, JsonValue.Create(match), ["Exact", "NotOlderThan", ""]));
            if (match == "Exact" && version == "0")
                errors.Add(FieldError.Forbidden(
                    field, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
        }
        if (initial is not null)
            errors.Add(FieldError.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }

    private static long? ParseVersion(string text, bool isWatch)
    {
        if (text.Length == 0) return null;
        if (ulong.TryParse(text, out var version)) return (long)Math.Min(version, long.MaxValue);
        var message =
            $"resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax";
        throw isWatch
            ? new ApiFailure(500, "", message)
            : new ApiFailure(400, "BadRequest", "invalid resource version: " + message);
    }

    private static long Number(Query query, string name)
    {
        if (query[name] is not { Length: > 0 } text) return 0;
        return long.TryParse(text, out var number)
            ? number
            : throw ApiFailure.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");
    }
}

/// <summary>Where a paged list goes on: in the form of the real server, so that a client may look inside.</summary>
internal sealed record ContinueToken(long Version, string Start)
{
    public override string ToString()
    {
        var json = new JsonObject { ["v"] = "meta.k8s.io/v1", ["rv"] = Version, ["start"] = "/" + Start };
        return Convert.ToBase64String(Encoding.UTF8.GetBytes(json.ToJsonString())).TrimEnd('=')
            .Replace('+', '-').Replace('/', '_');
    }

    public static ContinueToken Parse(string text, string version)
    {
        if (version is not ("" or "0"))
            throw ApiFailure.BadRequest("specifying resource version is not allowed when using continue");
        try
        {
            var padded = text.Replace('-', '+').Replace('_', '/').TrimEnd('=');
            padded += new string('=', (4 - padded.Length % 4) % 4);
            var bytes = Convert.FromBase64String(padded);
            if (JsonNode.Parse(bytes) is not JsonObject json) throw Broken("not an object");
            if (json.Text("v") != "meta.k8s.io/v1")
                throw Broken($"server does not recognize this encoded version \"{json.Text("v")}\"");
            var rv = json.Number("rv") ?? 0;
            if (rv == 0) throw Broken("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
            if (json.Text("start") is not { Length: > 0 } start)
                throw Broken("encoded start key empty (version meta.k8s.io/v1)");
            if (start.Contains("/..", StringComparison.Ordinal)) throw Broken("encoded start key is not valid");
            return new ContinueToken(rv, start[1..]);
        }
        catch (FormatException e)
        {
            throw Broken(e.Message);
        }
        catch (JsonException)
        {
            var first = Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));
            var shown = first.Length == 0 ? "" : ((char)first[0]).ToString();
            throw Broken($"invalid character '{shown}' looking for beginning of value");
        }
    }

    private static ApiFailure Broken(string why) =>
        ApiFailure.BadRequest("invalid continue token: continue key is not valid: " + why);
}
