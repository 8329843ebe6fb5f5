using System.Security.Cryptography.X509Certificates;
using Spillway.ApiServer.Admission;

namespace Spillway.ApiServer.Http;

/// <summary>One request, wherever it came from.</summary>
public sealed class ApiRequest
{
    /// <summary>Upper case.</summary>
    public required string Method { get; init; }

    /// <summary>Still escaped, without the query.</summary>
    public required string Path { get; init; }

    public Query Query { get; init; } = Query.Empty;

    /// <summary>A header's value, several joined by commas; null when it was not sent. Names compare without case.</summary>
    public required Func<string, string?> Header { get; init; }

    /// <summary>Every value of a header that may be sent several times; null when the source joins them.</summary>
    public Func<string, IReadOnlyList<string>>? HeaderValues { get; init; }

    /// <summary>Names of all headers, for those that carry data in their name (impersonation extras).</summary>
    public IReadOnlyList<string> HeaderNames { get; init; } = [];

    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Who asks, when the way the request came proves it (in process); otherwise null.</summary>
    public Requester? User { get; init; }

    /// <summary>The client's certificate, not yet checked.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>Host and port that the client asked.</summary>
    public string Host { get; init; } = "";

    public IReadOnlyList<string> Values(string header) =>
        HeaderValues?.Invoke(header) ?? (Header(header) is { } one ? [one] : []);
}

/// <summary>The query of a request: unescaped pairs in order.</summary>
public sealed class Query
{
    private readonly List<(string Name, string Value)> _pairs;

    private Query(List<(string, string)> pairs) => _pairs = pairs;

    public static Query Empty { get; } = new([]);

    public IReadOnlyList<(string Name, string Value)> Pairs => _pairs;

    /// <summary>The first value of a name; null when it is not there.</summary>
    public string? this[string name]
    {
        get
        {
            foreach (var pair in _pairs)
                if (pair.Name == name) return pair.Value;
            return null;
        }
    }

    public static Query Parse(ReadOnlySpan<char> text)
    {
        if (text.Length > 0 && text[0] == '?') text = text[1..];
        if (text.IsEmpty) return Empty;
        var pairs = new List<(string, string)>();
        foreach (var range in text.Split('&'))
        {
            var part = text[range];
            if (part.IsEmpty) continue;
            var equals = part.IndexOf('=');
            pairs.Add(equals < 0
                ? (Unescape(part), "")
                : (Unescape(part[..equals]), Unescape(part[(equals + 1)..])));
        }
        return new Query(pairs);
    }

    /// <summary>True for a value as <c>strconv.ParseBool</c> and Kubernetes' query conversion read it.</summary>
    public bool Flag(string name) =>
        this[name] is { } value && value is not ("0" or "false" or "False" or "f" or "F" or "FALSE");

    private static string Unescape(ReadOnlySpan<char> text) =>
        text.IndexOfAny('%', '+') < 0 ? text.ToString() : Uri.UnescapeDataString(text.ToString().Replace('+', ' '));
}
