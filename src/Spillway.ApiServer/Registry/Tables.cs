using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Registry;

/// <summary>The Table form, as <c>kubectl get</c> asks for it.</summary>
internal sealed class Tables(TimeProvider time)
{
    public JsonObject One(JsonObject item, ResourceRequest request)
    {
        var metadata = new JsonObject { ["resourceVersion"] = item.Map("metadata")?.Text("resourceVersion") ?? "" };
        return Many([item], metadata, request);
    }

    /// <summary>Only the first event of a watch tells the columns.</summary>
    public JsonObject Event(JsonObject item, ResourceRequest request, bool isFirst)
    {
        var table = One(item, request);
        if (!isFirst) table["columnDefinitions"] = null;
        return table;
    }

    public JsonObject Many(IReadOnlyList<JsonObject> items, JsonObject metadata, ResourceRequest request)
    {
        var now = time.GetUtcNow();
        var rows = new JsonArray();
        foreach (var item in items) rows.Add(Row(item, request, now));
        return new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = "meta.k8s.io/" + request.Accept.MetaVersion,
            ["metadata"] = metadata,
            ["columnDefinitions"] = request.Resource.Rules.Columns(request.Type),
            ["rows"] = rows,
        };
    }

    private static JsonObject Row(JsonObject item, ResourceRequest request, DateTimeOffset now)
    {
        var row = request.Resource.Rules.Row(item, request.Type, now);
        row["object"] = request.Query["includeObject"] switch
        {
            "None" => null,
            "Object" => item.DeepClone(),
            _ => ObjectView.Metadata(item, request.Accept),
        };
        return row;
    }
}
