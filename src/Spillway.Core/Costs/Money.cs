using System.Globalization;
using System.Text.Json.Nodes;

namespace Spillway.Core.Costs;

/// <summary>An amount of one currency: <c>14000 USD</c>. Amounts of different currencies never add up.</summary>
public readonly record struct Money(decimal Amount, string Currency) : IComparable<Money>
{
    public const string Dollars = "USD";

    public static Money Zero { get; } = new(0, Dollars);

    public static Money Usd(decimal amount) => new(amount, Dollars);

    public static bool TryParse(string? text, out Money money) => TryParseWithUnit(text, "", out money);

    public static Money operator +(Money left, Money right) =>
        new(left.Amount + right.Amount, Common(left.Amount, left.Currency, right.Amount, right.Currency));

    public static Money operator -(Money left, Money right) =>
        new(left.Amount - right.Amount, Common(left.Amount, left.Currency, right.Amount, right.Currency));

    public static Money operator *(Money money, decimal times) => new(money.Amount * times, money.Currency);

    public static bool operator <(Money left, Money right) => left.CompareTo(right) < 0;

    public static bool operator >(Money left, Money right) => left.CompareTo(right) > 0;

    public static bool operator <=(Money left, Money right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Money left, Money right) => left.CompareTo(right) >= 0;

    public int CompareTo(Money other)
    {
        _ = Common(Amount, Currency, other.Amount, other.Currency);
        return Amount.CompareTo(other.Amount);
    }

    /// <summary>Rounded half to even to a number of decimals, for display and for sums shown to people.</summary>
    public Money Round(int decimals) => this with { Amount = Math.Round(Amount, decimals) };

    /// <summary><c>{"amount": 1.65, "currency": "USD"}</c>, rounded to a millionth.</summary>
    public JsonObject ToJson() => MoneyText.ToJson(Amount, Currency);

    public override string ToString() => $"{MoneyText.Print(Amount)} {Currency}";

    internal static bool TryParseWithUnit(string? text, string unit, out Money money)
    {
        money = default;
        if (text is null || !text.EndsWith(unit, StringComparison.Ordinal))
            return false;
        var rest = text.AsSpan(0, text.Length - unit.Length);
        var space = rest.IndexOf(' ');
        if (space <= 0)
            return false;
        var currency = rest[(space + 1)..].Trim();
        if (currency.Length != 3 || currency.ContainsAnyExceptInRange('A', 'Z'))
            return false;
        const NumberStyles Style = NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign;
        if (!decimal.TryParse(rest[..space], Style, CultureInfo.InvariantCulture, out var amount))
            return false;
        money = new Money(amount, currency.ToString());
        return true;
    }

    // Zero has no currency of its own: a default(Money) is a valid start of a sum.
    internal static string Common(decimal left, string? leftCurrency, decimal right, string? rightCurrency)
    {
        if (leftCurrency == rightCurrency)
            return leftCurrency ?? Dollars;
        if (left == 0)
            return rightCurrency ?? leftCurrency ?? Dollars;
        if (right == 0)
            return leftCurrency ?? rightCurrency ?? Dollars;
        throw new InvalidOperationException(
            $"{leftCurrency} and {rightCurrency} cannot be added: a cluster file uses one currency.");
    }
}

/// <summary>A price for one hour: <c>1.65 USD/h</c>.</summary>
public readonly record struct HourlyPrice(decimal Amount, string Currency) : IComparable<HourlyPrice>
{
    public static HourlyPrice Zero { get; } = new(0, Money.Dollars);

    public static HourlyPrice Usd(decimal amount) => new(amount, Money.Dollars);

    public static bool TryParse(string? text, out HourlyPrice price)
    {
        var read = Money.TryParseWithUnit(text, "/h", out var amount)
            || Money.TryParseWithUnit(text, "/hour", out amount);
        price = new HourlyPrice(amount.Amount, amount.Currency);
        return read;
    }

    public static HourlyPrice operator +(HourlyPrice left, HourlyPrice right) =>
        new(left.Amount + right.Amount, Money.Common(left.Amount, left.Currency, right.Amount, right.Currency));

    public static HourlyPrice operator *(HourlyPrice price, decimal times) =>
        new(price.Amount * times, price.Currency);

    public static bool operator <(HourlyPrice left, HourlyPrice right) => left.CompareTo(right) < 0;

    public static bool operator >(HourlyPrice left, HourlyPrice right) => left.CompareTo(right) > 0;

    public static bool operator <=(HourlyPrice left, HourlyPrice right) => left.CompareTo(right) <= 0;

    public static bool operator >=(HourlyPrice left, HourlyPrice right) => left.CompareTo(right) >= 0;

    /// <summary>What a stretch of time costs at this price, without any rounding to billing units.</summary>
    public Money For(TimeSpan time) => new(Amount * time.Ticks / TimeSpan.TicksPerHour, Currency);

    /// <summary>The price of 730 hours, a twelfth of a year of 8,760.</summary>
    public MonthlyPrice PerMonth() => new(Amount * MonthlyPrice.Hours, Currency);

    public int CompareTo(HourlyPrice other)
    {
        _ = Money.Common(Amount, Currency, other.Amount, other.Currency);
        return Amount.CompareTo(other.Amount);
    }

    public JsonObject ToJson() => MoneyText.ToJson(Amount, Currency);

    public override string ToString() => $"{MoneyText.Print(Amount)} {Currency}/h";
}

/// <summary>A price for one month of 730 hours: <c>150 USD/month</c>. Not an hourly price, and never added to one.</summary>
public readonly record struct MonthlyPrice(decimal Amount, string Currency) : IComparable<MonthlyPrice>
{
    public const decimal Hours = 730;

    public static bool TryParse(string? text, out MonthlyPrice price)
    {
        var read = Money.TryParseWithUnit(text, "/month", out var amount)
            || Money.TryParseWithUnit(text, "/mo", out amount);
        price = new MonthlyPrice(amount.Amount, amount.Currency);
        return read;
    }

    public HourlyPrice PerHour() => new(Amount / Hours, Currency);

    public int CompareTo(MonthlyPrice other)
    {
        _ = Money.Common(Amount, Currency, other.Amount, other.Currency);
        return Amount.CompareTo(other.Amount);
    }

    public JsonObject ToJson() => MoneyText.ToJson(Amount, Currency);

    public override string ToString() => $"{MoneyText.Print(Amount)} {Currency}/month";
}

internal static class MoneyText
{
    // At least cents, at most six decimals: 1.65, 0.0209, 3.30; six are enough for a second of a small node.
    public static string Print(decimal amount) =>
        Math.Round(amount, 6).ToString("0.00####", CultureInfo.InvariantCulture);

    public static JsonObject ToJson(decimal amount, string currency)
    {
        // Division by a number with no zeros at its end drops the trailing ones, so equal amounts print alike.
        var rounded = Math.Round(amount, 6) / 1.000000000000000000000000000000m;
        return new JsonObject { ["amount"] = JsonValue.Create(rounded), ["currency"] = currency ?? Money.Dollars };
    }
}
