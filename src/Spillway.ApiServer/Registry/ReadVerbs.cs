using Spillway.ApiServer.Http;
using Spillway.ApiServer.Storage;

namespace Spillway.ApiServer.Registry;

/// <summary>get and list.</summary>
internal sealed class ReadVerbs(ObjectStore store, ObjectView view)
{
    public ValueTask<ApiResponse> GetAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var item = store.Get(request.Resource.StoreName, request.Key) ?? throw request.NotFound();
        CheckNewer(request, ListOptions.ReadVersion(request.Query));
        return view.OneAsync(request, 200, item, cancellationToken);
    }

    public ValueTask<ApiResponse> ListAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var options = ListOptions.Read(request.Query, request.Resource, request.Type.Kind, isWatch: false);
        var (list, token, remaining) = Select(request, options);
        return view.ListAsync(request, list, token, remaining, cancellationToken);
    }

    /// <summary>Everything a deletecollection is about.</summary>
    public List<StoredObject> Matching(ResourceRequest request)
    {
        var options = ListOptions.Read(request.Query, request.Resource, request.Type.Kind, isWatch: false);
        return Select(request, options).List.Items;
    }

    private (ListSnapshot List, string Token, int? Remaining) Select(ResourceRequest request, ListOptions options)
    {
        CheckNewer(request, options.Version);
        var from = options.Continue?.Start is { } start ? Absolute(request, start) : "";
        var at = options.Continue?.Version ?? (options.VersionMatch == "Exact" ? options.Version : null);
        // A version 0 list may come from a cache and is not paged by the real server.
        var limit = options is { Version: 0, VersionMatch: "" } && options.Continue is null ? 0 : options.Limit;
        var filtered = !options.Labels.IsEmpty || !options.Fields.IsEmpty;
        var whole = Fetch(request, options, at, from, filtered || limit == 0 ? int.MaxValue : limit);
        if (filtered) Filter(whole.Items, options, limit);
        if (limit == 0 || whole.Items.Count < limit || (!filtered && whole.Items.Count == limit && whole.More == 0))
            return (whole, "", null);
        var more = whole.More;
        if (whole.Items.Count > limit)
        {
            more = whole.Items.Count - limit;
            whole.Items.RemoveRange(limit, whole.Items.Count - limit);
        }
        else if (filtered) return (whole, "", null);
        var token = new ContinueToken(whole.Version, Relative(request, whole.Items[^1].Key) + "\0");
        return (whole, token.ToString(), filtered ? null : more);
    }

    private ListSnapshot Fetch(ResourceRequest request, ListOptions options, long? at, string from, int most)
    {
        var name = request.Resource.StoreName;
        if (options.Fields.Name is { } single && at is null && IsOneKey(request))
        {
            var item = store.Get(name, request.KeyOf(request.Namespace, single));
            return new ListSnapshot(store.Version, item is null ? [] : [item], 0);
        }
        if (at is not { } version || version == store.Version) return store.List(name, request.Prefix, from, most);
        var list = store.ListAt(version, name, request.Prefix, from) ?? throw Expired(options);
        return list;
    }

    private static bool IsOneKey(ResourceRequest request) => !request.Type.Namespaced || request.Namespace.Length > 0;

    private static void Filter(List<StoredObject> items, ListOptions options, int limit)
    {
        var kept = 0;
        for (var at = 0; at < items.Count; at++)
        {
            var item = items[at];
            if (!options.Labels.Matches(item.Labels) || !options.Fields.Matches(item)) continue;
            items[kept++] = item;
            // One more than the limit tells whether there is a next page.
            if (limit > 0 && kept > limit) break;
        }
        items.RemoveRange(kept, items.Count - kept);
    }

    private void CheckNewer(ResourceRequest request, long? version)
    {
        if (version is not { } wanted || wanted <= store.Version) return;
        throw ReadFailures.TooNew(wanted, store.Version);
    }

    private static ApiFailure Expired(ListOptions options) => options.Continue is null
        ? new ApiFailure(410, "Expired", "The resourceVersion for the provided list is too old.")
        : new ApiFailure(410, "Expired",
            "The provided continue parameter is too old to display a consistent list result. You can start a new list "
            + "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
            + "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
            + "modified, or deleted between the time the first chunk was returned and now may show up in the list.");

    // Tokens hold the key below the path that was listed, as the real server's do.
    private static string Relative(ResourceRequest request, string key) => key[request.Prefix.Length..];

    private static string Absolute(ResourceRequest request, string start) => request.Prefix + start;
}

/// <summary>Refusals that several reads share.</summary>
internal static class ReadFailures
{
    public static ApiFailure TooNew(long wanted, long current) =>
        new(504, "Timeout", $"Timeout: Too large resource version: {wanted}, current: {current}")
        {
            RetryAfterSeconds = 1,
            Details = new System.Text.Json.Nodes.JsonObject
            {
                ["causes"] = new System.Text.Json.Nodes.JsonArray(new System.Text.Json.Nodes.JsonObject
                {
                    ["reason"] = "ResourceVersionTooLarge", ["message"] = "Too large resource version",
                }),
                ["retryAfterSeconds"] = 1,
            },
        };

    public static ApiFailure TooOld(long wanted, long floor) =>
        new(410, "Expired", $"too old resource version: {wanted} ({floor})");
}
