using System.Globalization;
using Spillway.Core.Costs;

namespace Spillway.Core.Quantities;

/// <summary>Electric power in watts: <c>600W</c>, <c>1.2kW</c>.</summary>
public readonly record struct Power(decimal Watts) : IComparable<Power>
{
    public static bool TryParse(string? text, out Power power)
    {
        power = default;
        if (text is null || !text.EndsWith('W'))
            return false;
        var kilo = text.EndsWith("kW", StringComparison.Ordinal);
        var number = text.AsSpan(0, text.Length - (kilo ? 2 : 1)).TrimEnd();
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount))
            return false;
        power = new Power(kilo ? amount * 1000 : amount);
        return true;
    }

    /// <summary>What drawing this power for an hour costs.</summary>
    public HourlyPrice CostPerHour(ElectricityPrice electricity) =>
        new(Watts / 1000 * electricity.PerKilowattHour, electricity.Currency);

    public int CompareTo(Power other) => Watts.CompareTo(other.Watts);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Watts:0.###}W");
}

/// <summary>What a kilowatt-hour costs: <c>0.25 USD/kWh</c>.</summary>
public readonly record struct ElectricityPrice(decimal PerKilowattHour, string Currency)
{
    public static bool TryParse(string? text, out ElectricityPrice price)
    {
        price = default;
        if (!Money.TryParseWithUnit(text, "/kWh", out var amount))
            return false;
        price = new ElectricityPrice(amount.Amount, amount.Currency);
        return true;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{PerKilowattHour:0.############} {Currency}/kWh");
}
