using System.Runtime.CompilerServices;

namespace Spillway.Core.Tests;

/// <summary>Golden files under testdata/: compared as they are, rewritten when UPDATE_GOLDEN=1 is set.</summary>
internal static class Golden
{
    public static string Root { get; } = Path.Combine(Path.GetDirectoryName(ThisFile())!, "testdata");

    public static string Repository { get; } = Path.GetFullPath(Path.Combine(Root, "../../.."));

    /// <summary>The names of an area's folders, in name order.</summary>
    public static TheoryData<string> Cases(string area)
    {
        var cases = new TheoryData<string>();
        foreach (var folder in Directory.GetDirectories(Path.Combine(Root, area)).Order(StringComparer.Ordinal))
            cases.Add(Path.GetFileName(folder));
        return cases;
    }

    public static void Check(string path, string actual)
    {
        actual = actual.ReplaceLineEndings("\n");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
            return;
        }

        File.Exists(path).ShouldBeTrue($"{path} is missing: run the tests once with UPDATE_GOLDEN=1 and look at it");
        actual.ShouldBe(File.ReadAllText(path), $"{path} differs: UPDATE_GOLDEN=1 rewrites it");
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
