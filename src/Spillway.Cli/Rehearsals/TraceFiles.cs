using System.IO.Compression;
using Spillway.Core.Traces;

namespace Spillway.Cli.Rehearsals;

/// <summary>Reads trace files: CSV and SWF, also compressed with gzip.</summary>
internal static class TraceFiles
{
    /// <summary>Whether a file is a trace, and not a manifest.</summary>
    public static bool IsTrace(string path) => Kind(path) is ".csv" or ".swf" or ".txt";

    public static IReadOnlyList<TraceJob> Jobs(string path) => Reading(path, lines =>
        Kind(path) == ".csv" ? TraceCsv.ReadPods(lines).ToArray() : SwfLog.Read(lines).ToArray());

    public static IReadOnlyList<TraceNode> Nodes(string path) =>
        Reading(path, static lines => TraceCsv.ReadNodes(lines).ToArray());

    // The file's own extension, or the one before .gz.
    private static string Kind(string path)
    {
        var plain = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        return Path.GetExtension(plain).ToLowerInvariant();
    }

    private static T Reading<T>(string path, Func<IEnumerable<string>, T> read)
    {
        try
        {
            return read(Lines(path));
        }
        catch (TraceException wrong)
        {
            throw new CommandFailure(ExitCode.No, $"{path}:{wrong.Message}", wrong);
        }
        catch (InvalidDataException broken)
        {
            throw new CommandFailure(ExitCode.No, $"{path}: not a gzip file, or a damaged one: {broken.Message}", broken);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandFailure(ExitCode.No, $"{path}: no such file", missing);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(ExitCode.Outside, $"{path}: cannot be read: {failure.Message}", failure);
        }
    }

    private static IEnumerable<string> Lines(string path)
    {
        using var file = File.OpenRead(path);
        using var plain = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
            ? new GZipStream(file, CompressionMode.Decompress)
            : (Stream)file;
        using var reader = new StreamReader(plain);
        while (reader.ReadLine() is { } line) yield return line;
    }
}
