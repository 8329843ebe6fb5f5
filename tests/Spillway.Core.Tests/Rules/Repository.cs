namespace Spillway.Core.Tests.Rules;

/// <summary>The checkout the tests run from, for the tests that read its own files.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>Data of others beside the checkout; null when it is not there.</summary>
    public static string? Shared { get; } = FindShared();

    public static IEnumerable<string> SourceFiles() =>
        new[] { "src", "tests", "benchmarks" }
            .Select(folder => Path.Combine(Root, folder))
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/") && !file.EndsWith(".g.cs"))
            .Order(StringComparer.Ordinal);

    public static string Relative(string file) => Path.GetRelativePath(Root, file);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Spillway.slnx"))) return folder.FullName;
        }

        throw new InvalidOperationException($"no Spillway.slnx above {AppContext.BaseDirectory}");
    }

    private static string? FindShared()
    {
        string?[] places =
        [
            Environment.GetEnvironmentVariable("SPILLWAY_SHARED"),
            Path.Combine(FindRoot(), "..", "shared"),
        ];
        return places.FirstOrDefault(place => place is not null && Directory.Exists(Path.Combine(place, "data")));
    }
}
