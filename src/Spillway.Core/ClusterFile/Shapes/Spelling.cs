namespace Spillway.Core.ClusterFile.Shapes;

/// <summary>Finds what a misspelt word was meant to be.</summary>
internal static class Spelling
{
    /// <summary>The nearest candidate, or null when none is near enough to suggest.</summary>
    public static string? Closest(string word, IEnumerable<string> candidates)
    {
        // Generated rubbish must not cost a quadratic comparison each.
        if (word.Length > 64)
            return null;
        string? best = null;
        var bestDistance = int.MaxValue;
        var simple = Simplify(word);
        foreach (var candidate in candidates)
        {
            var distance = Distance(simple, Simplify(candidate));
            if (distance >= bestDistance || distance > Math.Max(1, Math.Min(word.Length, candidate.Length) / 3))
                continue;
            best = candidate;
            bestDistance = distance;
        }

        return best;
    }

    // pod_cidr, PodCIDR and pod-cidr are all podCidr.
    private static string Simplify(string word) =>
        string.Concat(word.Where(char.IsLetterOrDigit)).ToLowerInvariant();

    // Insertions, deletions, substitutions and swaps of neighbours each count one.
    private static int Distance(string left, string right)
    {
        var table = new int[left.Length + 1, right.Length + 1];
        for (var i = 0; i <= left.Length; i++)
            table[i, 0] = i;
        for (var j = 0; j <= right.Length; j++)
            table[0, j] = j;
        for (var i = 1; i <= left.Length; i++)
        {
            for (var j = 1; j <= right.Length; j++)
            {
                var cost = left[i - 1] == right[j - 1] ? 0 : 1;
                table[i, j] = Math.Min(
                    Math.Min(table[i - 1, j] + 1, table[i, j - 1] + 1), table[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                    table[i, j] = Math.Min(table[i, j], table[i - 2, j - 2] + 1);
            }
        }

        return table[left.Length, right.Length];
    }
}
