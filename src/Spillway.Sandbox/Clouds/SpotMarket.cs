using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;

namespace Spillway.Sandbox.Clouds;

/// <summary>When a spot machine is taken back.</summary>
internal static class SpotMarket
{
    private const double HoursPerMonth = 730;

    /// <summary>AWS's warning.</summary>
    public static readonly TimeSpan DefaultNotice = TimeSpan.FromMinutes(2);

    /// <summary>
    /// How long after its launch the machine is taken; null for never. The time to an interruption is exponential with
    /// the rate of the file, or else of the type's interruption band.
    /// </summary>
    public static TimeSpan? Lifetime(PoolCloud.Simulated cloud, InterruptionBand band, double roll)
    {
        var settings = cloud.SpotInterruptions;

        // A file that scripts its interruptions wants those and no others.
        if (settings is { PerHour: null, At.Count: > 0 }) return null;
        var perHour = settings?.PerHour is { } chance
            ? -Math.Log(1 - Math.Min(chance, 0.999999))
            : -Math.Log(1 - MonthlyShare(band)) / HoursPerMonth;
        if (perHour <= 0) return null;
        var hours = -Math.Log(1 - roll) / perHour;
        return hours < TimeSpan.FromDays(3650).TotalHours ? TimeSpan.FromHours(hours) : null;
    }

    // The middle of each band; the last has no upper end and is taken for 25 %.
    private static double MonthlyShare(InterruptionBand band) => band switch
    {
        InterruptionBand.Below5Percent => 0.025,
        InterruptionBand.From5To10Percent => 0.075,
        InterruptionBand.From10To15Percent => 0.125,
        InterruptionBand.From15To20Percent => 0.175,
        InterruptionBand.Above20Percent => 0.25,
        _ => 0.05,
    };
}
