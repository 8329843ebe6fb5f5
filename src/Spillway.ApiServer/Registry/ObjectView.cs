using System.Text;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Http;
using Spillway.ApiServer.Schema;
using Spillway.ApiServer.Storage;

namespace Spillway.ApiServer.Registry;

/// <summary>
/// Shows stored objects in the version and form that a client asked for. The common case, JSON in the stored version,
/// hands out the stored bytes.
/// </summary>
internal sealed class ObjectView(TimeProvider time)
{
    /// <summary>How objects look as lines.</summary>
    public Tables Tables { get; } = new(time);

    private static readonly ReadOnlyMemory<byte> s_comma = ","u8.ToArray();
    private static readonly ReadOnlyMemory<byte> s_open = "{"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> s_end = "]}\n"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> s_newLine = "\n"u8.ToArray();

    /// <summary>The object in the asked version, as a tree that may be changed.</summary>
    public async ValueTask<JsonObject> TreeAsync(
        StoredObject item, ServedResource resource, ResourceType type, CancellationToken cancellationToken)
    {
        var tree = item.Parse();
        return tree.Text("apiVersion") == type.ApiVersion && !resource.DefaultsOnRead
            ? tree
            : await resource.Rules.ConvertAsync(tree, type, cancellationToken);
    }

    /// <summary>The object in the asked version as bytes.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> BytesAsync(
        StoredObject item, ServedResource resource, ResourceType type, CancellationToken cancellationToken)
    {
        if (!resource.DefaultsOnRead
            && ((resource.Versions.Count == 1 && ReferenceEquals(resource.Storage, type))
                || item.ApiVersion == type.ApiVersion))
            return item.Bytes;
        return Json.Bytes(await resource.Rules.ConvertAsync(item.Parse(), type, cancellationToken));
    }

    public async ValueTask<ApiResponse> OneAsync(
        ResourceRequest request, int status, StoredObject item, CancellationToken cancellationToken)
    {
        var accept = request.Accept;
        if (accept is { Shape: Shape.Whole, IsYaml: false, IsPretty: false })
        {
            var bytes = await BytesAsync(item, request.Resource, request.Type, cancellationToken);
            return WithWarnings(request, new ApiResponse { Status = status, Body = [bytes, s_newLine] });
        }
        return Tree(request, status, await TreeAsync(item, request.Resource, request.Type, cancellationToken));
    }

    /// <summary>An object that is not stored as it is shown: dry runs, subresources of another kind.</summary>
    public ApiResponse Tree(ResourceRequest request, int status, JsonObject item)
    {
        var shown = request.Accept.Shape switch
        {
            Shape.Table => Tables.One(item, request),
            Shape.Metadata => Metadata(item, request.Accept),
            _ => item,
        };
        return Answer(request, status, shown);
    }

    public async ValueTask<ApiResponse> ListAsync(
        ResourceRequest request, ListSnapshot list, string continueToken, int? remaining,
            CancellationToken cancellationToken)
    {
        var accept = request.Accept;
        if (accept is not { Shape: Shape.Whole, IsYaml: false, IsPretty: false })
            return await ListTreeAsync(request, list, continueToken, remaining, cancellationToken);
        var type = request.Type;
        var body = new List<ReadOnlyMemory<byte>>(
            list.Items.Count * 3 + 2) { ListHead(type, list.Version, continueToken, remaining) };
        var first = true;
        foreach (var item in list.Items)
        {
            if (!first) body.Add(s_comma);
            first = false;
            if (!type.IsCustom && (resourceIsPlain(request) || item.ApiVersion == type.ApiVersion))
            {
                // Items of built-in lists carry no kind and apiVersion.
                body.Add(s_open);
                body.Add(item.Body);
            }
            else body.Add(await ItemAsync(item, request, cancellationToken));
        }
        body.Add(s_end);
        return WithWarnings(request, new ApiResponse { Status = 200, Body = body });

        static bool resourceIsPlain(ResourceRequest request) =>
            request.Resource.Versions.Count == 1 && ReferenceEquals(request.Resource.Storage, request.Type);
    }

    /// <summary>One line of a watch in the form asked for.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> LineAsync(
        ResourceRequest request, WatchEventType type, StoredObject item, bool isFirst,
            CancellationToken cancellationToken)
    {
        JsonObject shown;
        if (request.Accept.Shape == Shape.Whole)
        {
            if (!request.Resource.DefaultsOnRead
                && (ReferenceEquals(request.Resource.Storage, request.Type)
                    || item.ApiVersion == request.Type.ApiVersion))
                return StoreEvent.Encode(type, item);
            shown = await TreeAsync(item, request.Resource, request.Type, cancellationToken);
        }
        else
        {
            var tree = await TreeAsync(item, request.Resource, request.Type, cancellationToken);
            shown = request.Accept.Shape == Shape.Table
                ? Tables.Event(tree, request, isFirst) : Metadata(tree, request.Accept);
        }
        var name =
            type switch { WatchEventType.Added => "ADDED", WatchEventType.Modified => "MODIFIED", _ => "DELETED" };
        return Json.Bytes(new JsonObject { ["type"] = name, ["object"] = shown });
    }

    public static ApiResponse WithWarnings(ResourceRequest request, ApiResponse response)
    {
        foreach (var warning in request.Warnings)
            response.Headers.Add(("Warning", $"299 - \"{warning.Replace("\\", "\\\\").Replace("\"", "\\\"")}\""));
        return response;
    }

    public static ApiResponse Answer(ResourceRequest request, int status, JsonObject shown)
    {
        var accept = request.Accept;
        var bytes = accept.IsYaml ? Encoding.UTF8.GetBytes(Yaml.Write(shown))
            : accept.IsPretty ? Encoding.UTF8.GetBytes(shown.ToJsonString(Json.Pretty))
            : Json.Bytes(shown);
        return WithWarnings(request, new ApiResponse
        {
            Status = status,
            Body = accept.IsYaml ? [bytes] : [bytes, s_newLine],
            ContentType = accept.ContentType,
        });
    }

    private static async ValueTask<ReadOnlyMemory<byte>> ItemAsync(
        StoredObject item, ResourceRequest request, CancellationToken cancellationToken)
    {
        if (item.ApiVersion == request.Type.ApiVersion && !request.Resource.DefaultsOnRead) return item.Bytes;
        var tree = await request.Resource.Rules.ConvertAsync(item.Parse(), request.Type, cancellationToken);
        if (!request.Type.IsCustom)
        {
            tree.Remove("kind");
            tree.Remove("apiVersion");
        }
        return Json.Bytes(tree);
    }

    private async ValueTask<ApiResponse> ListTreeAsync(
        ResourceRequest request, ListSnapshot list, string continueToken, int? remaining,
            CancellationToken cancellationToken)
    {
        var trees = new List<JsonObject>(list.Items.Count);
        foreach (var item in list.Items)
            trees.Add(await TreeAsync(item, request.Resource, request.Type, cancellationToken));
        var metadata = new JsonObject { ["resourceVersion"] = list.Version.ToString() };
        if (continueToken.Length > 0) metadata["continue"] = continueToken;
        if (remaining is { } count) metadata["remainingItemCount"] = count;
        if (request.Accept.Shape == Shape.Table) return Answer(request, 200, Tables.Many(trees, metadata, request));
        var items = new JsonArray();
        foreach (var tree in trees)
        {
            if (request.Accept.Shape == Shape.Metadata) items.Add(Metadata(tree, request.Accept));
            else
            {
                if (!request.Type.IsCustom)
                {
                    tree.Remove("kind");
                    tree.Remove("apiVersion");
                }
                items.Add(tree);
            }
        }
        var isMetadata = request.Accept.Shape == Shape.Metadata;
        return Answer(request, 200, new JsonObject
        {
            ["kind"] = isMetadata ? "PartialObjectMetadataList" : request.Type.ListKind,
            ["apiVersion"] = isMetadata ? "meta.k8s.io/" + request.Accept.MetaVersion : request.Type.ApiVersion,
            ["metadata"] = metadata,
            ["items"] = items,
        });
    }

    public static JsonObject Metadata(JsonObject item, Representation accept) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = "meta.k8s.io/" + accept.MetaVersion,
        ["metadata"] = item["metadata"]?.DeepClone(),
    };

    private static byte[] ListHead(ResourceType type, long version, string continueToken, int? remaining)
    {
        var head = new StringBuilder(160);
        head.Append("{\"kind\":\"").Append(type.ListKind).Append("\",\"apiVersion\":\"").Append(type.ApiVersion)
            .Append("\",\"metadata\":{\"resourceVersion\":\"").Append(version).Append('"');
        // Lists of custom resources always carry the field.
        if (continueToken.Length > 0 || type.IsCustom)
            head.Append(",\"continue\":\"").Append(continueToken).Append('"');
        if (remaining is { } count) head.Append(",\"remainingItemCount\":").Append(count);
        head.Append("},\"items\":[");
        return Encoding.UTF8.GetBytes(head.ToString());
    }
}
