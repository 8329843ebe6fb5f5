using System.Globalization;

namespace Spillway.Core.Traces;

/// <summary>
/// Reads logs in the Standard Workload Format of the Parallel Workloads Archive: eighteen numbers a line, `;` before a
/// comment, -1 for what is not known. A job asks for processors, which may be on many nodes.
/// </summary>
public static class SwfLog
{
    private const int Fields = 18;

    /// <exception cref="TraceException">A line is not as it should be; the message has its line and column.</exception>
    public static IEnumerable<TraceJob> Read(IEnumerable<string> lines)
    {
        var number = 0;
        var values = new double[Fields];
        var columns = new int[Fields];
        foreach (var line in lines)
        {
            number++;
            var text = line.AsSpan().Trim();
            if (text.IsEmpty || text[0] == ';') continue;
            Cut(line, number, values, columns);
            if (Job(values, columns, number) is { } job) yield return job;
        }
    }

    private static TraceJob? Job(double[] values, int[] columns, int line)
    {
        // Field numbers are the format's, counted from 1.
        double Field(int number) => values[number - 1];
        var processors = Field(5) > 0 ? Field(5) : Field(8);

        // Jobs that were cancelled before they started asked for nothing in the end.
        if (processors <= 0 || Field(4) < 0) return null;
        if (processors > 10_000_000)
            throw new TraceException(line, columns[4], $"{processors} processors are more than any machine has");
        if (Field(2) < 0) throw new TraceException(line, columns[1], "a submit time before the beginning of the log");
        var kibPerProcessor = Field(10) > 0 ? Field(10) : Math.Max(0, Field(7));
        return new TraceJob
        {
            Name = $"job-{(long)Field(1)}",
            Line = line,
            Processors = (int)processors,
            CpuMillis = (long)processors * 1000,
            MemoryMib = (long)Math.Ceiling(kibPerProcessor * processors / 1024),
            SubmittedAt = TimeSpan.FromSeconds(Field(2)),
            Duration = TimeSpan.FromSeconds(Field(4)),
            RecordedWait = Field(3) >= 0 ? TimeSpan.FromSeconds(Field(3)) : null,
            Group = Field(15) >= 0 ? $"queue-{(long)Field(15)}" : "",
        };
    }

    private static void Cut(string line, int number, double[] values, int[] columns)
    {
        var at = 0;
        for (var field = 0; field < Fields; field++)
        {
            while (at < line.Length && char.IsWhiteSpace(line[at])) at++;
            if (at == line.Length)
                throw new TraceException(number, at + 1, $"{field} fields where the format has {Fields}");
            var start = at;
            while (at < line.Length && !char.IsWhiteSpace(line[at])) at++;
            columns[field] = start + 1;
            var text = line.AsSpan(start, at - start);
            if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out values[field])
                || !double.IsFinite(values[field]) || Math.Abs(values[field]) > 1e15)
                throw new TraceException(number, start + 1, $"'{text}' is not a number (field {field + 1})");
        }
    }
}
