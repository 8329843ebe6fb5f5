namespace Spillway.Sandbox;

/// <summary>
/// Chance that depends on a seed and on names, and not on the order of asking: the same pod on the same seed always
/// pulls its image in the same time, whatever else happens around it and however often the process is restarted.
/// </summary>
internal readonly record struct Dice(long Seed)
{
    private const ulong Prime = 1099511628211;

    /// <summary>A number from 0 up to, but not including, 1.</summary>
    public double Roll(ReadOnlySpan<char> purpose, ReadOnlySpan<char> first, ReadOnlySpan<char> second = default)
    {
        var hash = Mix(Mix(Mix(14695981039346656037UL ^ (ulong)Seed, purpose), first), second);

        // FNV leaves the high bits of short texts alike; this finisher (of MurmurHash3) spreads them.
        hash ^= hash >> 33;
        hash *= 0xff51afd7ed558ccdUL;
        hash ^= hash >> 33;
        hash *= 0xc4ceb9fe1a85ec53UL;
        hash ^= hash >> 33;
        return (hash >> 11) * (1.0 / (1UL << 53));
    }

    public TimeSpan Between(
        TimeSpan least, TimeSpan most, ReadOnlySpan<char> purpose, ReadOnlySpan<char> first,
        ReadOnlySpan<char> second = default) =>
        least + (most - least) * Roll(purpose, first, second);

    /// <summary>Lower-case hexadecimal digits, as container and image ids have them.</summary>
    public string Hex(int digits, ReadOnlySpan<char> purpose, ReadOnlySpan<char> first,
        ReadOnlySpan<char> second = default)
    {
        var state = (ulong)(Roll(purpose, first, second) * (1UL << 53));
        return string.Create(digits, state, static (text, state) =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                // SplitMix64: one number a digit, from a state that steps by the golden ratio.
                state += 0x9e3779b97f4a7c15UL;
                var mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9UL;
                mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebUL;
                text[i] = "0123456789abcdef"[(int)(mixed >> 60)];
            }
        });
    }

    private static ulong Mix(ulong hash, ReadOnlySpan<char> text)
    {
        foreach (var c in text) hash = (hash ^ c) * Prime;
        return (hash ^ 0xff) * Prime;
    }
}
