namespace Spillway.Core.Packing;

/// <summary>A node that the plan would rent, with what is on it.</summary>
internal sealed class Bin(int columns)
{
    /// <summary>The offer; its cell is the bin's.</summary>
    public int Offer { get; set; } = -1;

    public long Price { get; set; }

    /// <summary>Where the bin is among those of the yard.</summary>
    public int Index { get; set; } = -1;

    public long[] Used { get; } = new long[columns];

    public List<(int Item, int Count)> Content { get; } = new(6);

    public void Add(int item, long[] amounts, int number)
    {
        for (var i = 0; i < amounts.Length; i++) Used[i] += amounts[i] * number;
        for (var i = 0; i < Content.Count; i++)
        {
            if (Content[i].Item != item) continue;
            Content[i] = (item, Content[i].Count + number);
            return;
        }
        Content.Add((item, number));
    }

    public void Remove(int item, long[] amounts, int number)
    {
        for (var i = 0; i < amounts.Length; i++) Used[i] -= amounts[i] * number;
        var at = Content.FindIndex(entry => entry.Item == item);
        if (Content[at].Count == number) Content.RemoveAt(at);
        else Content[at] = (item, Content[at].Count - number);
    }
}
