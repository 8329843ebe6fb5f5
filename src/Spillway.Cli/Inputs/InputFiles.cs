using System.Text;
using Spillway.Core.ClusterFile;

namespace Spillway.Cli.Inputs;

/// <summary>Finds and reads the files a command was given.</summary>
internal static class InputFiles
{
    /// <summary>
    /// The most a single file may hold. The largest real manifest bundle seen is below 4 MiB (monitoring CRDs); ten
    /// times that leaves room, and a mistaken path to a disk image is refused before it is read.
    /// </summary>
    public const long MaxBytes = 16 * 1024 * 1024;

    private static readonly string[] WorkloadNames = ["workload.yaml", "workload.yml", "workload.json"];

    /// <summary>A folder stands for its cluster.yaml and its workload, a file for itself, <c>-</c> for standard input.</summary>
    public static IReadOnlyList<SourceFile> Read(IEnumerable<string> paths) =>
        [.. paths.SelectMany(Expand).Select(ReadOne)];

    /// <summary>Where the state of the cluster in <paramref name="path"/> goes unless told otherwise.</summary>
    public static string DefaultState(string path, string clusterName)
    {
        var folder = Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;
        return Path.Combine(folder, ".spillway", clusterName);
    }

    private static IEnumerable<string> Expand(string path)
    {
        if (path == "-" || !Directory.Exists(path)) return [path];
        var cluster = new[] { "cluster.yaml", "cluster.yml" }
            .Select(name => Path.Combine(path, name))
            .FirstOrDefault(File.Exists)
            ?? throw new CommandFailure(ExitCode.No, $"{path}: the folder has no cluster.yaml");
        return [cluster, .. Workload(path)];
    }

    private static IEnumerable<string> Workload(string folder)
    {
        var single = WorkloadNames.Select(name => Path.Combine(folder, name)).Where(File.Exists);
        var many = Path.Combine(folder, "workload");
        return Directory.Exists(many)
            ? single.Concat(Directory.EnumerateFiles(many)
                .Where(file => Path.GetExtension(file) is ".yaml" or ".yml" or ".json")
                .Order(StringComparer.Ordinal))
            : single;
    }

    private static SourceFile ReadOne(string path)
    {
        if (path == "-")
            return new SourceFile("standard input", ReadAll(Console.OpenStandardInput(), "standard input"));
        try
        {
            var length = new FileInfo(path).Length;
            if (length > MaxBytes) throw TooLarge(path, length);
            using var stream = File.OpenRead(path);
            return new SourceFile(path, ReadAll(stream, path));
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandFailure(ExitCode.No, $"{path}: no such file or folder", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(ExitCode.Outside, $"{path}: cannot be read: {failure.Message}", failure);
        }
    }

    // A pipe tells no length beforehand, so the limit holds while reading.
    private static byte[] ReadAll(Stream stream, string name)
    {
        using var content = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = stream.Read(buffer)) > 0)
        {
            content.Write(buffer, 0, read);
            if (content.Length > MaxBytes) throw TooLarge(name, content.Length);
        }
        return content.ToArray();
    }

    private static CommandFailure TooLarge(string name, long length)
    {
        var text = new StringBuilder($"{name}: the file has {length / (1024.0 * 1024.0):0.#} MiB");
        text.Append($", more than the {MaxBytes / (1024 * 1024)} MiB that a cluster or workload file may have");
        text.Append("; split it, or give the right file");
        return new CommandFailure(ExitCode.No, text.ToString());
    }
}
