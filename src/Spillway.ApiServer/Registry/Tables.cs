using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Registry;

/// <summary>The Table form, as <c>kubectl get</c> asks for it.</summary>
internal static class Tables
{
    public static JsonObject One(JsonObject item, ResourceRequest request)
    {
        var metadata = new JsonObject { ["resourceVersion"] = item.Map("metadata")?.Text("resourceVersion") ?? "" };
        return Many([item], metadata, request);
    }

    /// <summary>Only the first event of a watch tells the columns.</summary>
    public static JsonObject Event(JsonObject item, ResourceRequest request, bool isFirst)
    {
        var table = One(item, request);
        if (!isFirst) table["columnDefinitions"] = null;
        return table;
    }

    public static JsonObject Many(IReadOnlyList<JsonObject> items, JsonObject metadata, ResourceRequest request)
    {
        var rows = new JsonArray();
        foreach (var item in items) rows.Add(Row(item, request));
        return new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = "meta.k8s.io/" + request.Accept.MetaVersion,
            ["metadata"] = metadata,
            ["columnDefinitions"] = new JsonArray(Column("Name", "string", "name"), Column("Created At", "date", "")),
            ["rows"] = rows,
        };
    }

    private static JsonObject Row(JsonObject item, ResourceRequest request)
    {
        var metadata = item.Map("metadata");
        var row = new JsonObject
        {
            ["cells"] = new JsonArray(metadata?.Text("name"), metadata?.Text("creationTimestamp")),
        };
        switch (request.Query["includeObject"])
        {
            case "None": break;
            case "Object": row["object"] = item.DeepClone(); break;
            default: row["object"] = ObjectView.Metadata(item, request.Accept); break;
        }
        return row;
    }

    private static JsonObject Column(string name, string type, string format) => new()
    {
        ["name"] = name, ["type"] = type, ["format"] = format, ["description"] = "", ["priority"] = 0,
    };
}
