using System.Text;

namespace Spillway.Cli.Output;

/// <summary>
/// A table of plain text, as kubectl prints them: columns as wide as their cells, two spaces apart, no padding behind
/// the last one. On a screen the last column is wrapped under itself; in a pipe no line is ever broken.
/// </summary>
internal sealed class TextTable(params string[] columns)
{
    // A last column narrower than this reads worse than one on lines of its own.
    private const int NarrowestLast = 24;
    private const int Indent = 6;

    private readonly List<string[]> _rows = [];

    public TextTable Add(params string[] cells)
    {
        _rows.Add(cells);
        return this;
    }

    public void Write(Terminal terminal)
    {
        if (_rows.Count == 0) return;
        var widths = columns.Select((name, i) => Math.Max(name.Length, _rows.Max(row => row[i].Length))).ToArray();
        var before = widths.Take(columns.Length - 1).Sum() + 2 * (columns.Length - 1);
        WriteRow(terminal, columns, widths, before);
        foreach (var row in _rows) WriteRow(terminal, row, widths, before);
        terminal.Out.WriteLine();
    }

    private static void WriteRow(Terminal terminal, string[] cells, int[] widths, int before)
    {
        var line = new StringBuilder();
        for (var i = 0; i < cells.Length - 1; i++) line.Append(cells[i].PadRight(widths[i] + 2));
        var last = cells[^1];
        if (before + last.Length <= terminal.Width)
        {
            terminal.Out.WriteLine(line.Append(last).ToString().TrimEnd());
            return;
        }
        var own = terminal.Width - before < NarrowestLast;
        var indent = own ? Indent : before;
        if (own)
        {
            terminal.Out.WriteLine(Cut(line.ToString().TrimEnd(), terminal.Width));
            line.Clear().Append(' ', indent);
        }
        foreach (var piece in Wrap(last, Math.Max(terminal.Width - indent, NarrowestLast)))
        {
            terminal.Out.WriteLine(line.Append(piece));
            line.Clear().Append(' ', indent);
        }
    }

    private static string Cut(string text, int width) => text.Length <= width ? text : text[..(width - 1)] + "…";

    /// <summary>Breaks at spaces; a word that is longer than the width is cut.</summary>
    private static IEnumerable<string> Wrap(string text, int width)
    {
        while (text.Length > width)
        {
            var space = text.LastIndexOf(' ', width);
            var end = space > 0 ? space : width;
            yield return text[..end];
            text = text[end..].TrimStart();
        }
        if (text.Length > 0) yield return text;
    }
}
