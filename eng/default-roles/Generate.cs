// Makes src/Spillway.ApiServer/Auth/default-roles.json.br from the recorded bootstrap roles and bindings of a real server:
//   dotnet run eng/default-roles/Generate.cs -- ../shared/data/openapi/default-roles.json.gz src/Spillway.ApiServer/Auth/default-roles.json.br
#:property PublishAot=false
#:property SpillwayAnalyzers=off
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

var source = JsonNode.Parse(new GZipStream(File.OpenRead(args[0]), CompressionMode.Decompress))!;
var table = new JsonObject
{
    ["roles"] = Items("clusterroles", "rules", "aggregationRule"),
    ["bindings"] = Items("clusterrolebindings", "roleRef", "subjects"),
};
using var file = new BrotliStream(File.Create(args[1]), CompressionLevel.SmallestSize);
file.Write(Encoding.UTF8.GetBytes(table.ToJsonString(new JsonSerializerOptions())));

JsonArray Items(string list, params string[] fields)
{
    var kept = new JsonArray();
    foreach (var item in source[list]!["items"]!.AsArray())
    {
        var metadata = item!["metadata"]!;
        // The recorded server was a distribution's build; these names are its own.
        if (((string)metadata["name"]!).StartsWith("system:openshift:", StringComparison.Ordinal)) continue;
        var one = new JsonObject { ["name"] = metadata["name"]!.DeepClone(), ["labels"] = metadata["labels"]?.DeepClone() };
        foreach (var field in fields) one[field] = item[field]?.DeepClone();
        kept.Add(one);
    }
    return kept;
}
