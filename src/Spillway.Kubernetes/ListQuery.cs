using System.Text;

namespace Spillway.Kubernetes;

/// <summary>What to list or watch.</summary>
public sealed record ListQuery
{
    public static ListQuery All { get; } = new();

    /// <summary>Empty for all namespaces (or a cluster-scoped resource).</summary>
    public string Namespace { get; init; } = "";

    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    /// <summary>Objects a page; 0 for all in one.</summary>
    public int Limit { get; init; }

    public string? Continue { get; init; }

    public string? ResourceVersion { get; init; }

    /// <summary>Exact or NotOlderThan.</summary>
    public string? ResourceVersionMatch { get; init; }

    internal void AddTo(QueryText query)
    {
        query.Add("labelSelector", LabelSelector);
        query.Add("fieldSelector", FieldSelector);
        query.Add("limit", Limit > 0 ? Limit.ToString() : null);
        query.Add("continue", Continue);
        query.Add("resourceVersion", ResourceVersion);
        query.Add("resourceVersionMatch", ResourceVersionMatch);
    }
}

/// <summary>How to watch.</summary>
public sealed record WatchQuery
{
    public ListQuery Scope { get; init; } = ListQuery.All;

    /// <summary>Asks for bookmarks, so that an idle watch can be resumed.</summary>
    public bool Bookmarks { get; init; } = true;

    /// <summary>Asks for the present objects first, closed by a marked bookmark (a streaming list).</summary>
    public bool SendInitialEvents { get; init; }

    /// <summary>When the server should end the watch; zero for its own default.</summary>
    public TimeSpan Timeout { get; init; }

    internal string Query()
    {
        var query = new QueryText();
        query.Add("watch", "true");
        query.Add("allowWatchBookmarks", Bookmarks ? "true" : null);
        query.Add("sendInitialEvents", SendInitialEvents ? "true" : null);
        query.Add("timeoutSeconds", Timeout > TimeSpan.Zero ? ((long)Timeout.TotalSeconds).ToString() : null);
        Scope.AddTo(query);
        return query.ToString();
    }
}

/// <summary>Builds an escaped query, leaving out what is null.</summary>
internal sealed class QueryText
{
    private readonly StringBuilder _text = new();

    public void Add(string key, string? value)
    {
        if (value is null) return;
        _text.Append(_text.Length == 0 ? '?' : '&').Append(key).Append('=').Append(Uri.EscapeDataString(value));
    }

    public override string ToString() => _text.ToString();
}
