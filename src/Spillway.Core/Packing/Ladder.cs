namespace Spillway.Core.Packing;

/// <summary>
/// The capacities worth trying in a set of cells: none that another one of the same price or less contains, all small
/// ones, and fewer and fewer as they grow. What is chosen is fitted to the cheapest offer afterwards.
/// </summary>
internal sealed class Ladder
{
    private const int AllOfTheFirst = 12;
    private const double Step = 1.25;

    private readonly List<(int Shape, long Price)> shapes = [];
    private readonly List<int> steps = [];

    /// <param name="market">The offers.</param>
    /// <param name="cells">Whose offers.</param>
    /// <param name="like">A ladder worked out before: where shapes and prices are the same, so are the steps.</param>
    public Ladder(Market market, IReadOnlyList<int> cells, Ladder? like = null)
    {
        var seen = new bool[market.Shapes.Count];
        var offers = new List<int>();
        foreach (var offer in ByPrice(market, cells))
        {
            if (seen[market.ShapeOf[offer]] || !market.IsAvailable(offer)) continue;
            seen[market.ShapeOf[offer]] = true;
            offers.Add(offer);
            shapes.Add((market.ShapeOf[offer], market.Prices[offer]));
        }
        if (like is not null && like.shapes.SequenceEqual(shapes)) steps = like.steps;
        else ChooseSteps(market, offers);
        Offers = [.. steps.Select(step => offers[step])];
    }

    /// <summary>Cheapest first.</summary>
    public int[] Offers { get; }

    private static IEnumerable<int> ByPrice(Market market, IReadOnlyList<int> cells) => cells.Count == 1
        ? market.ByPrice[cells[0]]
        : cells.SelectMany(cell => market.ByPrice[cell])
            .OrderBy(offer => market.Prices[offer]).ThenBy(offer => offer);

    private void ChooseSteps(Market market, List<int> offers)
    {
        var kept = new List<int>();
        var price = 0L;
        for (var i = 0; i < offers.Count; i++)
        {
            if (IsContained(market, kept, offers[i])) continue;
            kept.Add(offers[i]);
            if (steps.Count >= AllOfTheFirst && market.Prices[offers[i]] < price * Step) continue;
            steps.Add(i);
            price = market.Prices[offers[i]];
        }
        if (kept.Count > 0 && offers[steps[^1]] != kept[^1]) steps.Add(offers.IndexOf(kept[^1]));
    }

    private static bool IsContained(Market market, List<int> kept, int offer)
    {
        // The last ones are the largest of their price: the likeliest to contain it.
        for (var i = kept.Count - 1; i >= 0; i--)
        {
            if (Market.Holds(market.Capacity[kept[i]], market.Capacity[offer])) return true;
        }
        return false;
    }
}
