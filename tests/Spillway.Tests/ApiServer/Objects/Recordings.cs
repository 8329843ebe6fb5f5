using System.Text.Json.Nodes;

namespace Spillway.Tests.ApiServer.Objects;

/// <summary>Exchanges with a real API server, when the machine has them.</summary>
internal static class Recordings
{
    public static IEnumerable<JsonObject> Read(string file)
    {
        var path = Path.Combine(Folder(), "data", "transcripts", file);
        if (!File.Exists(path)) Assert.Skip($"no recording at {path}: set SPILLWAY_SHARED");
        return File.ReadLines(path).Select(line => JsonNode.Parse(line)!.AsObject());
    }

    private static string Folder()
    {
        if (Environment.GetEnvironmentVariable("SPILLWAY_SHARED") is { Length: > 0 } given) return given;
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Spillway.slnx")))
            folder = folder.Parent;
        return Path.Combine(folder?.Parent?.FullName ?? "..", "shared");
    }
}
