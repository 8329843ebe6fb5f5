using System.Text.Json.Nodes;

namespace Spillway.Tests.ApiServer.Transcripts;

/// <summary>One recorded request with its answer.</summary>
internal sealed record Exchange(JsonObject Json, string File)
{
    public int Seq => (int)Json["seq"]!;

    public string Id => $"{File}#{Seq}";

    public string Method => (string)Json["method"]!;

    public string Path => (string)Json["path"]!;

    public int Status => (int)Json["status"]!;

    public string What => (string?)Json["desc"] ?? "";

    public bool IsWatch => Json.ContainsKey("events");

    /// <summary>A request that was sent while the watch recorded after it was open.</summary>
    public bool IsDuringWatch => What.StartsWith("(during watch)") || What.StartsWith("(dw)");

    public JsonObject RequestHeaders => Json["requestHeaders"]!.AsObject();

    public JsonNode? RequestBody => Json["requestBody"];

    public JsonObject ResponseHeaders => Json["responseHeaders"] as JsonObject ?? [];

    public JsonNode? ResponseBody => Json["responseBody"];

    public static List<Exchange> Read(string path) =>
    [
        .. System.IO.File.ReadLines(path).Select(line =>
            new Exchange(JsonNode.Parse(line)!.AsObject(), System.IO.Path.GetFileNameWithoutExtension(path))),
    ];
}
