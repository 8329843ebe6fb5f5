using System.Text;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Http;

/// <summary>One answer, not yet on any wire.</summary>
public sealed class ApiResponse
{
    public required int Status { get; init; }

    public string ContentType { get; init; } = "application/json";

    /// <summary>Further headers, in order.</summary>
    public List<(string Name, string Value)> Headers { get; init; } = [];

    public string CacheControl { get; init; } = "no-cache, private";

    /// <summary>The body in pieces, so that a list need not be copied together.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Body { get; init; } = [];

    /// <summary>Lines of a watch or a followed log, without their line ends; null for a whole answer.</summary>
    public IAsyncEnumerable<ReadOnlyMemory<byte>>? Lines { get; init; }

    /// <summary>False when the lines bring their own limits: watches in protobuf tell each event's length before it.</summary>
    public bool HasLineEnds { get; init; } = true;

    public int BodyLength
    {
        get
        {
            var length = 0;
            foreach (var piece in Body) length += piece.Length;
            return length;
        }
    }

    public static ApiResponse Of(int status, ReadOnlyMemory<byte> body, string contentType = "application/json") =>
        new() { Status = status, Body = [body], ContentType = contentType };

    public static ApiResponse Of(int status, JsonNode body) => Of(status, Json.Bytes(body));

    public static ApiResponse Text(int status, string text) => new()
    {
        Status = status,
        Body = [Encoding.UTF8.GetBytes(text)],
        ContentType = "text/plain; charset=utf-8",
        Headers = [("X-Content-Type-Options", "nosniff")],
    };

    /// <summary>The refusal as a Status object.</summary>
    public static ApiResponse Of(ApiFailure failure)
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = failure.Message,
        };
        if (failure.Reason.Length > 0) status["reason"] = failure.Reason;
        if (failure.Details is { } details) status["details"] = details.DeepClone();
        status["code"] = failure.Code;
        var response = Of(failure.Code, status);
        if (failure.IsFromAuthorizer) response.Headers.Add(("X-Content-Type-Options", "nosniff"));
        if (failure.RetryAfterSeconds > 0) response.Headers.Add(("Retry-After", failure.RetryAfterSeconds.ToString()));
        return response;
    }

    /// <summary>The body as one block.</summary>
    public ReadOnlyMemory<byte> JoinBody()
    {
        if (Body.Count == 0) return ReadOnlyMemory<byte>.Empty;
        if (Body.Count == 1) return Body[0];
        var whole = GC.AllocateUninitializedArray<byte>(BodyLength);
        var at = 0;
        foreach (var piece in Body)
        {
            piece.CopyTo(whole.AsMemory(at));
            at += piece.Length;
        }
        return whole;
    }
}
