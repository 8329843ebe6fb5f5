using Spillway.Core.ClusterFile;
using Spillway.Core.Quantities;

namespace Spillway.Core.Costs;

/// <summary>
/// What a machine of one's own costs an hour: the purchase written off in a straight line over its lifetime, power at
/// the price of electricity, and a monthly or hourly rent. It costs this whether it works or not, but for the power:
/// an idle machine draws <c>idlePower</c>, and the same as a busy one where that is not said.
/// </summary>
public static class OwnedCosts
{
    public static HourlyPrice Busy(Machine machine) => PerHour(machine.Cost, machine.Cost?.Power);

    public static HourlyPrice Idle(Machine machine) =>
        PerHour(machine.Cost, machine.Cost?.IdlePower ?? machine.Cost?.Power);

    private static HourlyPrice PerHour(MachineCost? cost, Power? power)
    {
        var total = HourlyPrice.Zero;
        if (cost is null)
            return total;
        if (cost.Purchase is { } purchase)
            total += new HourlyPrice(purchase.Amount / (decimal)cost.Lifetime.TotalHours, purchase.Currency);
        if (power is { } watts && cost.Electricity is { } electricity)
            total += watts.CostPerHour(electricity);
        if (cost.Monthly is { } monthly)
            total += monthly.PerHour();
        if (cost.Hourly is { } hourly)
            total += hourly;
        return total;
    }
}
