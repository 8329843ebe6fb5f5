using System.Globalization;
using System.Numerics;

namespace Spillway.Core.Placement.Sharing;

/// <summary>
/// How pods ask for a part of one GPU, and where the answer is kept. A node offers whole GPUs as `nvidia.com/gpu`, each of
/// them 1,000 thousandths; a pod that asks for a share takes its thousandths of one of them, and a pod that asks for whole
/// GPUs takes ones that nobody has a share of. Who may use how much of a device while it runs is the device plugin's
/// business, not the scheduler's.
/// </summary>
public static class GpuShares
{
    /// <summary>The resource that is shared.</summary>
    public const string Resource = "nvidia.com/gpu";

    /// <summary>Thousandths in a whole GPU.</summary>
    public const int Whole = 1000;

    /// <summary>The engine's own column of the largest free part; no resource can have this name.</summary>
    internal const string Part = "nvidia.com/gpu (part)";

    /// <summary>Annotation or label of a pod: thousandths of one GPU, 1 to 1000.</summary>
    public const string MilliKey = "spillway.dev/gpu-milli";

    /// <summary>Annotation of a bound pod: the indexes of its GPUs on the node, counted from 0, such as `3` or `0,1`.</summary>
    public const string IndexAnnotation = "spillway.dev/gpu-index";

    /// <summary>Node label with the GPU's model, as the GPU feature discovery writes it.</summary>
    public const string ModelLabel = "nvidia.com/gpu.product";

    // GPU-milli of the open simulators, and the fraction that KAI and Run:ai read.
    private static readonly string[] MilliKeys = [MilliKey, "alibabacloud.com/gpu-milli"];
    private const string CountKey = "alibabacloud.com/gpu-count";
    private const string FractionKey = "gpu-fraction";

    /// <summary>
    /// The thousandths a pod asks for; 0 when it asks for none. A share that cannot be read counts as a whole GPU, so that
    /// a slip of the pen never puts two pods where there is room for one.
    /// </summary>
    public static int Asked(LabelMap annotations, LabelMap labels)
    {
        if (annotations.Count == 0 && labels.Count == 0) return 0;
        foreach (var key in MilliKeys)
        {
            if ((annotations[key] ?? labels[key]) is not { } text) continue;
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milli)
                && milli is >= 0 and <= Whole ? milli : Whole;
        }
        if ((annotations[FractionKey] ?? labels[FractionKey]) is not { } part) return 0;
        return decimal.TryParse(part, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var fraction)
            && fraction is > 0 and <= 1 ? (int)Math.Ceiling(fraction * Whole) : Whole;
    }

    /// <summary>
    /// What the annotations add to a pod's requests: a share stays beside them, a whole GPU (or several, as the simulators
    /// write them) becomes a request. A pod that requests the resource itself has said what it wants.
    /// </summary>
    internal static (ResourceAmounts Requests, int Milli) Apply(
        ResourceAmounts requests, LabelMap annotations, LabelMap labels)
    {
        var milli = Asked(annotations, labels);
        if (milli == 0 || requests[Resource] > 0) return (requests, 0);
        var count = int.TryParse(
            annotations[CountKey] ?? labels[CountKey], NumberStyles.None, CultureInfo.InvariantCulture, out var many)
            ? many : 1;
        return milli == Whole || count > 1 ? (requests.With(Resource, Math.Max(1, count)), 0) : (requests, milli);
    }

    /// <summary>The devices an annotation names, one bit each; 0 when it names none that can be read.</summary>
    internal static ulong Devices(LabelMap annotations)
    {
        if (annotations.Count == 0 || annotations[IndexAnnotation] is not { } text) return 0;
        var devices = 0UL;
        foreach (var part in text.Split(','))
        {
            if (!int.TryParse(part.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                || index > 63) return 0;
            devices |= 1UL << index;
        }
        return devices;
    }

    internal static IReadOnlyList<int> Indexes(ulong devices)
    {
        var indexes = new List<int>(BitOperations.PopCount(devices));
        for (; devices != 0; devices &= devices - 1) indexes.Add(BitOperations.TrailingZeroCount(devices));
        return indexes;
    }
}
