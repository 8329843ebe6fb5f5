using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Spillway.Tests.Cli;

/// <summary>Runs the built command as its users do: another process, its exit code, its two streams.</summary>
internal sealed record SpillwayProcess(int ExitCode, string Output, string Error, TimeSpan Took)
{
    public static string Root { get; } = FindRoot();

    public JsonNode Json => JsonNode.Parse(Output)!;

    public static Task<SpillwayProcess> RunAsync(params string[] args) => RunAsync(Root, args);

    public static async Task<SpillwayProcess> RunAsync(string folder, string[] args)
    {
        var began = Stopwatch.GetTimestamp();
        using var process = Start(folder, args);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new SpillwayProcess(process.ExitCode, await output, await error, Stopwatch.GetElapsedTime(began));
    }

    /// <summary>Starts it and leaves it running; whoever calls ends it.</summary>
    public static Process Start(string folder, string[] args)
    {
        var start = new ProcessStartInfo(Path.Combine(Root, "artifacts/spillway/spillway"), args)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start) ?? throw new InvalidOperationException("spillway did not start");
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Spillway.slnx"))) return folder.FullName;
        }
        throw new InvalidOperationException($"no Spillway.slnx above {AppContext.BaseDirectory}");
    }
}

/// <summary>A folder of its own for one test, with a copy of an example or a file written by the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Path = Directory.CreateTempSubdirectory("spillway-test-").FullName;

    public string Path { get; }

    public string Write(string name, string content)
    {
        var file = System.IO.Path.Combine(Path, name);
        File.WriteAllText(file, content);
        return file;
    }

    public string CopyExample(string name)
    {
        var target = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(target);
        foreach (var file in Directory.EnumerateFiles(System.IO.Path.Combine(SpillwayProcess.Root, "examples", name)))
            File.Copy(file, System.IO.Path.Combine(target, System.IO.Path.GetFileName(file)));
        return target;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
