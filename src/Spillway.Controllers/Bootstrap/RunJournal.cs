using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.Core.Ports;

namespace Spillway.Controllers.Bootstrap;

/// <summary>What is written of a step.</summary>
public enum JournalMark
{
    Begun,
    Done,
    Failed,
    Undone,
}

/// <summary>
/// What was done to which machine, one JSON line each, on disk before the next thing happens. Steps look at the machine
/// and not here to see what is left to do; this tells people what happened, and <c>down</c> what there is to take back.
/// </summary>
public sealed class RunJournal : IDisposable
{
    public const string FileName = "journal.jsonl";

    private readonly FileStream stream;
    private readonly FileStream alone;
    private readonly TimeProvider time;
    private readonly Lock gate = new();

    private RunJournal(FileStream stream, FileStream alone, TimeProvider time)
    {
        this.stream = stream;
        this.alone = alone;
        this.time = time;
    }

    /// <exception cref="IOException">Another run has it open, or the folder cannot be written.</exception>
    public static RunJournal Open(string folder, TimeProvider time)
    {
        // Only an exclusive share is a lock on Unix, and the journal itself stays readable.
        var alone = new FileStream(
            Path.Combine(folder, "journal.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        var stream = new FileStream(Path.Combine(folder, FileName), new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Read,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        // A kill may have left half a line: it must not swallow the next one.
        stream.Seek(0, SeekOrigin.End);
        if (stream.Length > 0)
        {
            stream.Seek(-1, SeekOrigin.End);
            if (stream.ReadByte() != '\n')
                stream.WriteByte((byte)'\n');
        }

        return new RunJournal(stream, alone, time);
    }

    public void Write(string host, string step, JournalMark mark, string detail = "")
    {
        var line = new JsonObject
        {
            ["at"] = time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
            ["host"] = host,
            ["step"] = step,
            ["mark"] = mark.ToString().ToLowerInvariant(),
        };
        if (detail.Length > 0)
            line["detail"] = Redaction.Of(detail);
        lock (gate)
        {
            stream.Write(JsonSerializer.SerializeToUtf8Bytes(line));
            stream.WriteByte((byte)'\n');
            stream.Flush(flushToDisk: true);
        }
    }

    /// <summary>Steps that were begun and did not end, by machine: what a kill or a cut line interrupted.</summary>
    public static IReadOnlyDictionary<string, string> Interrupted(string folder)
    {
        var open = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (host, step, mark) in Read(folder))
        {
            if (mark == "begun")
                open[host] = step;
            else
                open.Remove(host);
        }

        return open;
    }

    /// <summary>Every step that was ever begun on a machine and not taken back, in the order of the first time.</summary>
    public IReadOnlyList<string> Taken(string host)
    {
        var taken = new List<string>();
        foreach (var entry in Read(Path.GetDirectoryName(stream.Name)!).Where(entry => entry.Host == host))
        {
            if (entry.Mark == "undone")
                taken.Remove(entry.Step);
            else if (!taken.Contains(entry.Step))
                taken.Add(entry.Step);
        }

        return taken;
    }

    public void Dispose()
    {
        stream.Dispose();
        alone.Dispose();
    }

    private static IEnumerable<(string Host, string Step, string Mark)> Read(string folder)
    {
        var file = Path.Combine(folder, FileName);
        if (!File.Exists(file))
            yield break;
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (reader.ReadLine() is { } line)
        {
            if (Parse(line) is { } entry && (string?)entry["host"] is { } host && (string?)entry["step"] is { } step)
                yield return (host, step, (string?)entry["mark"] ?? "");
        }
    }

    // Half a line is what a kill leaves; the step it was about is looked at on the machine anyway.
    private static JsonObject? Parse(string line)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
