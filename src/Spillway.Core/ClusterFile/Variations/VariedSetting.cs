using System.Diagnostics.CodeAnalysis;

namespace Spillway.Core.ClusterFile.Variations;

/// <summary>
/// One setting of the Cluster document and the values it is to be tried with: <c>pools.x.max=0,5,10</c>, or
/// <c>machines.+gpu-box=2</c> for copies of an item of a list.
/// </summary>
/// <param name="Path">Keys and names of items below <c>spec</c>, with dots between them.</param>
/// <param name="Values">YAML values as they were written.</param>
public sealed record VariedSetting(string Path, IReadOnlyList<string> Values)
{
    /// <summary>Commas in brackets, braces or quotes belong to a value.</summary>
    /// <param name="text">As on the command line.</param>
    /// <param name="setting">What it says.</param>
    /// <param name="complaint">What is wrong with it; empty when nothing is.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out VariedSetting? setting, out string complaint)
    {
        setting = null;
        var equals = text.IndexOf('=');
        if (equals <= 0)
        {
            complaint = $"'{text}' varies nothing: write a path, '=' and values, as in pools.x.max=0,5,10";
            return false;
        }

        var path = text[..equals].Trim();
        var values = Split(text[(equals + 1)..]);
        if (path.Split('.').Any(string.IsNullOrWhiteSpace))
        {
            complaint = $"'{path}' is no path: write keys and names with one dot between them, as in pools.x.max";
            return false;
        }

        if (values.Any(string.IsNullOrWhiteSpace))
        {
            complaint = $"a value of {path} is empty: write null for no value, as in {path}=null";
            return false;
        }

        complaint = "";
        setting = new VariedSetting(path, values);
        return true;
    }

    private static List<string> Split(string text)
    {
        var values = new List<string>();
        var (depth, quote, begin) = (0, '\0', 0);
        for (var at = 0; at < text.Length; at++)
        {
            var letter = text[at];
            if (quote != '\0') quote = letter == quote ? '\0' : quote;
            else if (letter is '\'' or '"') quote = letter;
            else if (letter is '[' or '{') depth++;
            else if (letter is ']' or '}') depth--;
            else if (letter == ',' && depth <= 0)
            {
                values.Add(text[begin..at].Trim());
                begin = at + 1;
            }
        }

        values.Add(text[begin..].Trim());
        return values;
    }
}

/// <summary>One value for one setting.</summary>
public sealed record ClusterChange(string Path, string Value)
{
    public override string ToString() => $"{Path}={Value}";
}

/// <summary>One what-if: changes of the Cluster document before it is checked.</summary>
public sealed record ClusterVariation(IReadOnlyList<ClusterChange> Changes)
{
    /// <summary>As it would be written on a command line.</summary>
    public string Name => string.Join(' ', Changes);

    /// <summary>How many there are of <paramref name="settings"/>; saturates.</summary>
    public static long Count(IEnumerable<VariedSetting> settings) =>
        settings.Aggregate(1L, (count, setting) => Math.Min(count * setting.Values.Count, int.MaxValue));

    /// <summary>Every value of each setting with every value of the others; the last setting changes fastest.</summary>
    public static IReadOnlyList<ClusterVariation> Product(IReadOnlyList<VariedSetting> settings)
    {
        if (settings.Count == 0) return [];
        IEnumerable<IReadOnlyList<ClusterChange>> all = [[]];
        foreach (var setting in settings)
        {
            all = all.SelectMany(changes => setting.Values.Select(value =>
                (IReadOnlyList<ClusterChange>)[.. changes, new ClusterChange(setting.Path, value)]));
        }

        return [.. all.Select(changes => new ClusterVariation(changes))];
    }
}
