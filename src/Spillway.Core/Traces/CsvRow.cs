using System.Globalization;

namespace Spillway.Core.Traces;

/// <summary>The columns of a CSV file by name, from its first line.</summary>
internal sealed class CsvHeader
{
    private readonly Dictionary<string, int> columns = new(StringComparer.Ordinal);

    public CsvHeader(string line, string[] required)
    {
        var at = 1;
        foreach (var name in line.TrimStart('\uFEFF').TrimEnd('\r').Split(','))
        {
            var trimmed = name.Trim().Trim('"');
            if (!columns.TryAdd(trimmed, columns.Count))
                throw new TraceException(1, at, $"the column '{trimmed}' appears twice");
            at += name.Length + 1;
        }
        foreach (var name in required)
        {
            if (!columns.ContainsKey(name))
            {
                throw new TraceException(
                    1, 1, $"the column '{name}' is missing; the first line names the columns, here: {line.Trim()}");
            }
        }
    }

    public int Count => columns.Count;

    /// <summary>Where a column is; -1 when the file does not have it.</summary>
    public int this[string name] => columns.GetValueOrDefault(name, -1);
}

/// <summary>One line of a CSV file cut into fields. Quoted fields may hold commas and doubled quotes.</summary>
internal sealed class CsvRow(CsvHeader header)
{
    private readonly Range[] fields = new Range[header.Count];
    private string line = "";

    public int Number { get; private set; }

    /// <summary>False for an empty line.</summary>
    public bool Read(string text, int number)
    {
        line = text.TrimEnd('\r');
        Number = number;
        if (line.Length == 0) return false;
        var count = 0;
        for (var start = 0; start <= line.Length; count++)
        {
            var end = EndOf(start);
            if (count == fields.Length)
                throw new TraceException(number, start + 1, $"more fields than the {header.Count} columns");
            fields[count] = start..end;
            start = end + 1;
        }
        if (count < fields.Length)
        {
            throw new TraceException(
                number, line.Length + 1, $"{count} fields where the first line names {header.Count} columns");
        }
        return true;
    }

    public bool IsEmpty(int column) => column < 0 || Span(column).IsEmpty;

    public string Text(int column)
    {
        if (column < 0) return "";
        var text = Span(column);
        return text.IndexOf('"') < 0 ? text.ToString() : text.ToString().Replace("\"\"", "\"");
    }

    /// <summary>A whole number of at least 0; the absent value when the field is empty.</summary>
    public long Whole(int column, string name, long absent = 0)
    {
        if (IsEmpty(column)) return absent;
        var text = Span(column);
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)) return value;

        // Tables that went through a spreadsheet write 12.0.
        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number == decimal.Truncate(number) && number <= long.MaxValue) return (long)number;
        throw Wrong(column, $"'{text}' is not a whole number of at least 0, as {name} is");
    }

    /// <summary>Seconds, with or without a fraction; null when the field is empty.</summary>
    public TimeSpan? Seconds(int column, string name)
    {
        if (IsEmpty(column)) return null;
        var text = Span(column);
        if (double.TryParse(
                text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture,
                out var seconds)
            && seconds is >= 0 and < 1e10)
            return TimeSpan.FromTicks((long)Math.Round(seconds * TimeSpan.TicksPerSecond));
        throw Wrong(column, $"'{text}' is not a number of seconds of at least 0, as {name} is");
    }

    public TraceException Wrong(int column, string problem) =>
        new(Number, (column < 0 ? 0 : fields[column].Start.Value) + 1, problem);

    private ReadOnlySpan<char> Span(int column)
    {
        var text = line.AsSpan(fields[column]).Trim();
        return text.Length >= 2 && text[0] == '"' && text[^1] == '"' ? text[1..^1] : text;
    }

    private int EndOf(int start)
    {
        if (start >= line.Length || line[start] != '"')
        {
            var comma = line.IndexOf(',', start);
            return comma < 0 ? line.Length : comma;
        }
        for (var i = start + 1; i < line.Length; i++)
        {
            if (line[i] != '"') continue;
            if (i + 1 < line.Length && line[i + 1] == '"') i++;
            else if (i + 1 == line.Length || line[i + 1] == ',') return i + 1;
            else throw new TraceException(Number, i + 2, "text after the closing quote of a field");
        }
        throw new TraceException(Number, start + 1, "a quoted field that is not closed");
    }
}
