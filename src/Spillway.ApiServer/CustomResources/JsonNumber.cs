using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>
/// JSON numbers as Go's decoder for unstructured objects sees them: <c>2</c> is an int64, <c>2.0</c> a float64. The
/// difference shows in error texts and in CEL.
/// </summary>
internal static class JsonNumber
{
    public static bool IsInteger(JsonValue value)
    {
        if (value.TryGetValue(out JsonElement element))
        {
            return element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out _)
                && element.GetRawText().AsSpan().IndexOfAny('.', 'e', 'E') < 0;
        }

        return value.TryGetValue(out long _) || value.TryGetValue(out int _);
    }

    public static double AsDouble(JsonValue value)
    {
        if (value.TryGetValue(out double real)) return real;
        if (value.TryGetValue(out long whole)) return whole;
        if (value.TryGetValue(out int small)) return small;
        return double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);
    }

    public static long AsLong(JsonValue value)
    {
        if (value.TryGetValue(out long whole)) return whole;
        return value.TryGetValue(out int small) ? small : (long)AsDouble(value);
    }

    /// <summary>As Go's <c>%v</c> prints it.</summary>
    public static string Text(JsonValue value) =>
        IsInteger(value) ? AsLong(value).ToString(CultureInfo.InvariantCulture) : Text(AsDouble(value));

    /// <summary>As Go's <c>%v</c> prints a float64: shortest digits, an exponent from 1e21 on and below 1e-4.</summary>
    public static string Text(double value)
    {
        if (value == 0) return "0";
        var size = Math.Abs(value);
        if (size is >= 1e21 or < 1e-4)
        {
            var text = value.ToString("E16", CultureInfo.InvariantCulture);
            var shortest = value.ToString("R", CultureInfo.InvariantCulture);
            return shortest.Contains('E', StringComparison.Ordinal) ? Exponent(shortest) : Exponent(text);
        }

        return value.ToString("0.#################", CultureInfo.InvariantCulture) is var plain
            && double.Parse(plain, CultureInfo.InvariantCulture) == value
                ? plain
                : value.ToString("R", CultureInfo.InvariantCulture);
    }

    /// <summary>Go writes at least two digits of exponent and a small e.</summary>
    private static string Exponent(string text)
    {
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        var power = int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var digits = text[..mark];
        if (digits.Contains('.', StringComparison.Ordinal)) digits = digits.TrimEnd('0').TrimEnd('.');
        return $"{digits}e{(power < 0 ? '-' : '+')}{Math.Abs(power):00}";
    }
}
