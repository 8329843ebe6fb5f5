namespace Spillway.Tests;

/// <summary>Finds the shared material beside the repository.</summary>
internal static class SharedFiles
{
    /// <summary>A folder or file below <c>shared</c>, or null when it is not there.</summary>
    public static string? Find(string path)
    {
        if (Environment.GetEnvironmentVariable("SPILLWAY_SHARED") is { Length: > 0 } named)
            return Existing(Path.Combine(named, path));
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "Spillway.slnx"))) continue;
            return Existing(Path.Combine(folder.Parent!.FullName, "shared", path));
        }
        return null;
    }

    private static string? Existing(string path) => Path.Exists(path) ? path : null;
}
