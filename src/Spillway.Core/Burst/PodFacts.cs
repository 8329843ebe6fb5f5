using System.Text;
using Spillway.Core.Placement;

namespace Spillway.Core.Burst;

/// <summary>What the search wants to know of pods without asking the engine: kind, worth, and how long they run.</summary>
internal sealed class PodFacts
{
    private readonly Dictionary<PodKey, (int Class, TimeSpan? Run, PodRecord Record)> _pods = [];
    private readonly Dictionary<ClassKey, int> _classes = [];
    private readonly List<decimal> _values = [];
    private readonly IReadOnlyList<Listing> _listings;

    public PodFacts(IEnumerable<(PodRecord Record, TimeSpan? Run)> pods, IReadOnlyList<Listing> listings)
    {
        _listings = listings;
        foreach (var (record, run) in pods) Add(record, run);
    }

    /// <summary>Pods of one class are decided alike: same requirements, labels and namespace.</summary>
    public int Class(PodKey pod) => _pods[pod].Class;

    public PodRecord Record(PodKey pod) => _pods[pod].Record;

    /// <summary>What the pod costs an hour at least: its share of the node on which that share is cheapest.</summary>
    public decimal Value(PodKey pod) => _values[_pods[pod].Class];

    /// <summary>How long the last of the pods runs; null when one of them does not say.</summary>
    public TimeSpan? Run(IReadOnlyList<PodKey> pods)
    {
        var longest = TimeSpan.Zero;
        foreach (var pod in pods)
        {
            if (_pods[pod].Run is not { } run) return null;
            if (run > longest) longest = run;
        }

        return longest;
    }

    /// <summary>How many of which class: equal for nodes that are filled alike.</summary>
    public string Pattern(IReadOnlyList<PodKey> pods)
    {
        var counts = new SortedDictionary<int, int>();
        foreach (var pod in pods) counts[Class(pod)] = counts.GetValueOrDefault(Class(pod)) + 1;
        var text = new StringBuilder();
        foreach (var (kind, count) in counts) text.Append(kind).Append('x').Append(count).Append(' ');
        return text.ToString();
    }

    private void Add(PodRecord record, TimeSpan? run)
    {
        var key = new ClassKey(record);
        if (!_classes.TryGetValue(key, out var kind))
        {
            kind = _classes.Count;
            _classes.Add(key, kind);
            _values.Add(LeastCost(record));
        }

        _pods[record.Key] = (kind, run, record);
    }

    private decimal LeastCost(PodRecord pod)
    {
        decimal? least = null;
        foreach (var listing in _listings)
        {
            if (Share(pod.Requirements.Requests, OfferNodes.Allocatable(listing.Offer)) is not { } share) continue;
            var cost = listing.Offer.Price.Amount * share;
            if (least is null || cost < least) least = cost;
        }

        return least ?? 0;
    }

    /// <summary>The largest part of any resource that the pod takes; null when it does not fit at all.</summary>
    internal static decimal? Share(ResourceAmounts requests, ResourceAmounts room)
    {
        // A node holds so many pods: even one that asks for nothing takes a place.
        var share = room[ResourceAmounts.Pods] > 0 ? 1m / room[ResourceAmounts.Pods] : 0;
        foreach (var (resource, amount) in requests)
        {
            if (amount == 0) continue;
            var there = room[resource];
            if (there < amount) return null;
            share = Math.Max(share, (decimal)amount / there);
        }

        return share;
    }

    private readonly struct ClassKey(PodRecord pod) : IEquatable<ClassKey>
    {
        private readonly PodRecord _pod = pod;

        public bool Equals(ClassKey other) =>
            _pod.Key.Namespace == other._pod.Key.Namespace
            && _pod.Labels.Equals(other._pod.Labels)
            && _pod.Requirements.AsksTheSameAs(other._pod.Requirements);

        public override bool Equals(object? obj) => obj is ClassKey other && Equals(other);

        public override int GetHashCode() => HashCode.Combine(_pod.Labels, _pod.Requirements.PlacementHash());
    }
}
