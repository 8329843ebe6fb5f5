namespace Spillway.Core.Placement.Engine.Sharing;

/// <summary>
/// Expected pods that few nodes can take: those that want several whole GPUs of one node, and those that want certain
/// models. Taking away one of the places left for them costs the more, the closer the pods still to come are to the
/// places there are. How many are still to come is what would fill the cluster.
/// </summary>
internal sealed class ScarceKinds
{
    // A place lost counts with this part of the pod it was for when there are as many places as pods to come.
    private const double Weight = 0.3;

    // Above that, each pod to come without a place weighs as much as the last one.
    private const double Highest = 1.5;
    private const int Most = 32;

    private readonly Kind[] kinds;
    private readonly double[] supply;

    private ScarceKinds(Kind[] kinds)
    {
        this.kinds = kinds;
        supply = new double[kinds.Length];
        Price = new double[kinds.Length];
    }

    public int Count => kinds.Length;

    /// <summary>What the loss of one place costs at the moment, in thousandths of GPUs.</summary>
    public double[] Price { get; }

    public bool AnyPrice { get; private set; }

    /// <param name="expected">What is expected.</param>
    /// <param name="typesOf">For each expected kind the types of node that take it, one bit each.</param>
    /// <param name="all">All types of node with GPUs.</param>
    public static ScarceKinds Of(ExpectedKind[] expected, ulong[] typesOf, ulong all)
    {
        var groups = new Dictionary<(int Devices, ulong Types), Kind>();
        for (var i = 0; i < expected.Length; i++)
        {
            var kind = expected[i];
            if (kind.Devices == 0 || typesOf[i] == 0 || (kind.Devices == 1 && typesOf[i] == all)) continue;
            var key = (kind.Devices, typesOf[i]);
            var group = groups.GetValueOrDefault(key);
            groups[key] = new Kind(
                kind.Devices, typesOf[i], Math.Max(group.Milli, kind.Milli), group.Share + kind.Share,
                group.CpuShare + (kind.CpuMillis * kind.Share), 0);
        }
        var kinds = groups.Values.OrderByDescending(kind => kind.Share * kind.Devices)
            .ThenBy(kind => kind.Devices).ThenBy(kind => kind.Types).Take(Most).ToArray();
        for (var i = 0; i < kinds.Length; i++)
            kinds[i] = kinds[i] with { Rivals = kinds.Where(kinds[i].SharesPlacesWith).Sum(kinds[i].PlacesFor) };
        return new ScarceKinds(kinds);
    }

    /// <summary>How many pods of the kind a node in this state has places for.</summary>
    public float Places(int index, in DeviceState state)
    {
        ref readonly var kind = ref kinds[index];
        if ((kind.Types >> state.Type & 1) == 0) return 0;
        var copy = state;
        var lanes = copy.Lanes;
        var enough = 0;
        for (var i = lanes.Length - 1; i >= 0 && lanes[i] >= kind.Milli; i--) enough++;
        if (enough < kind.Devices) return 0;
        var cpu = kind.CpuShare > 0 ? (int)(state.CpuMillis * kind.Share / kind.CpuShare) : int.MaxValue;
        return Math.Min(enough / kind.Devices, cpu);
    }

    public void Supply(int index, double change) => supply[index] += change;

    /// <param name="toCome">How many pods are still to come before the cluster is full.</param>
    public void SetPrices(double toCome)
    {
        AnyPrice = false;
        for (var i = 0; i < kinds.Length; i++)
        {
            var ratio = supply[i] > 0.5 ? Math.Min(Highest, toCome * kinds[i].Rivals / supply[i]) : 0;
            var price = Weight * ratio * ratio * ratio * kinds[i].Devices * 1000;
            Price[i] = price < 1 ? 0 : price;
            AnyPrice |= price >= 1;
        }
    }

    /// <summary>Whether a pod is one of those the places are for, or a larger one that passes by the same right.</summary>
    public bool IsFor(int index, int devices, ulong types)
    {
        ref readonly var kind = ref kinds[index];
        return (kind.Devices == devices && (types & ~kind.Types) == 0) || (devices > 1 && devices >= kind.Devices);
    }

    private readonly record struct Kind(
        int Devices, ulong Types, int Milli, double Share, double CpuShare, double Rivals)
    {
        /// <summary>Pods that can go nowhere but where this kind goes.</summary>
        public bool SharesPlacesWith(Kind other) => (other.Types & ~Types) == 0
            && (Devices == 1 || other.Devices >= Devices);

        public double PlacesFor(Kind other) => other.Share * other.Devices / Devices;
    }
}
