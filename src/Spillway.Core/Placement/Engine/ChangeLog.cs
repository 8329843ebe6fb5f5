namespace Spillway.Core.Placement.Engine;

/// <summary>
/// Slots in the order in which they changed. When a reader has fallen behind what is kept, it starts over.
/// </summary>
internal sealed class ChangeLog
{
    private const int Kept = 1 << 16;

    private int[] slots = new int[256];
    private int count;

    /// <summary>The position of the first entry still kept.</summary>
    public long Start { get; private set; }

    public long End => Start + count;

    public ReadOnlySpan<int> Since(long position) => slots.AsSpan((int)(position - Start), (int)(End - position));

    public void Add(int slot)
    {
        if (count == slots.Length)
        {
            if (count >= Kept)
            {
                Start += count;
                count = 0;
            }
            else Array.Resize(ref slots, count * 2);
        }
        slots[count++] = slot;
    }
}
