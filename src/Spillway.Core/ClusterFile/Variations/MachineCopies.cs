namespace Spillway.Core.ClusterFile.Variations;

/// <summary>Names of machines that are bought in thought: box-2, box-3.</summary>
public static class MachineCopies
{
    /// <summary>More machines than any team buys at once.</summary>
    public const int Most = 10_000;

    /// <param name="original">Whose copies they are.</param>
    /// <param name="taken">Names that are not free.</param>
    /// <param name="count">How many names are needed.</param>
    public static IReadOnlyList<string> Names(string original, IReadOnlySet<string> taken, int count)
    {
        var names = new List<string>(count);
        for (var number = 2; names.Count < count; number++)
        {
            if (!taken.Contains($"{original}-{number}")) names.Add($"{original}-{number}");
        }

        return names;
    }
}
