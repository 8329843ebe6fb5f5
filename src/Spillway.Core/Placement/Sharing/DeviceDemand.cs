namespace Spillway.Core.Placement.Sharing;

/// <summary>
/// What pods are expected to ask for: the history of a cluster, or the workload of a rehearsal, as a distribution. Nothing
/// in it says when a pod comes or which one is next.
/// </summary>
public sealed class DeviceDemand
{
    private DeviceDemand(IReadOnlyList<ExpectedPod> kinds) => Kinds = kinds;

    /// <summary>Each kind of pod once, with its share of all pods; the shares add up to 1. Ordered by what is asked.</summary>
    internal IReadOnlyList<ExpectedPod> Kinds { get; }

    /// <summary>The distribution of some pods; the order in which they are given does not matter.</summary>
    public static DeviceDemand Of(IEnumerable<PodRequirements> pods)
    {
        var counts = new Dictionary<Asking, int>();
        var total = 0;
        foreach (var requirements in pods)
        {
            var key = new Asking(requirements);
            counts[key] = counts.GetValueOrDefault(key) + 1;
            total++;
        }
        var kinds = counts.Select(item => new ExpectedPod(item.Key.Requirements, (double)item.Value / total)).ToArray();
        Array.Sort(kinds, ExpectedPod.LargestFirst);
        return new DeviceDemand(kinds);
    }

    private readonly struct Asking(PodRequirements requirements) : IEquatable<Asking>
    {
        public PodRequirements Requirements { get; } = requirements;

        public bool Equals(Asking other) => Requirements.AsksTheSameAs(other.Requirements);

        public override bool Equals(object? obj) => obj is Asking other && Equals(other);

        public override int GetHashCode() => Requirements.PlacementHash();
    }
}

/// <summary>One kind of pod that is expected.</summary>
/// <param name="Requirements">What such a pod asks for.</param>
/// <param name="Share">The part of all pods that are of this kind.</param>
internal sealed record ExpectedPod(PodRequirements Requirements, double Share)
{
    /// <summary>Whole GPUs; 1 for a pod that asks for a part of one.</summary>
    public int Devices => Requirements.GpuMilli > 0 ? 1 : (int)Math.Min(64, Requirements.Requests[GpuShares.Resource]);

    public int Milli => Requirements.GpuMilli > 0 ? Requirements.GpuMilli : GpuShares.Whole;

    public static int LargestFirst(ExpectedPod a, ExpectedPod b)
    {
        var order = (b.Devices * b.Milli).CompareTo(a.Devices * a.Milli);
        if (order == 0) order = b.Requirements.Requests.CpuMillis.CompareTo(a.Requirements.Requests.CpuMillis);
        if (order == 0) order = b.Requirements.Requests.MemoryBytes.CompareTo(a.Requirements.Requests.MemoryBytes);
        if (order == 0) order = b.Share.CompareTo(a.Share);
        return order != 0 ? order : string.CompareOrdinal(Words(a), Words(b));
    }

    private static string Words(ExpectedPod pod) => $"{pod.Requirements.NodeSelector} {pod.Requirements.NodeTerms}";
}
