using System.Text;

namespace Spillway.Tests.ApiServer.Transcripts;

/// <summary>How many recorded exchanges of a file replay alike, and what stands in the way of the others.</summary>
internal sealed class Scoreboard
{
    private readonly SortedDictionary<string, (int Alike, int All)> _files = new(StringComparer.Ordinal);
    private readonly List<(Exchange Exchange, string Difference)> _differences = [];

    public void Note(Exchange exchange, string? difference)
    {
        var (alike, all) = _files.GetValueOrDefault(exchange.File);
        _files[exchange.File] = (alike + (difference is null ? 1 : 0), all + 1);
        if (difference is not null) _differences.Add((exchange, difference));
    }

    /// <summary>Exchanges of a file that replay alike, in whole percent.</summary>
    public int Percent(string file) => _files.TryGetValue(file, out var f) && f.All > 0 ? f.Alike * 100 / f.All : 0;

    public IEnumerable<string> Missed => _differences.Select(d => d.Exchange.Id);

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (file, (alike, all)) in _files)
            text.AppendLine($"{file}: {alike} of {all} alike, {(all == 0 ? 0 : alike * 100.0 / all):0.0} %");
        foreach (var group in _differences.GroupBy(d => Cause(d.Difference)).OrderByDescending(g => g.Count()))
        {
            text.AppendLine($"{group.Count(),4} × {group.Key}");
            foreach (var (exchange, difference) in group)
                text.AppendLine($"       {exchange.Id} {exchange.Method} {exchange.Path} ({exchange.What}): {difference}");
        }
        return text.ToString();
    }

    private static string Cause(string difference)
    {
        var end = difference.IndexOf(':');
        var head = end < 0 ? difference : difference[..end];
        return System.Text.RegularExpressions.Regex.Replace(head, @"\[\d+\]", "[]");
    }
}
