using System.Globalization;
using System.Text.Json.Nodes;

namespace Spillway.Core.ClusterFile.Yaml;

/// <summary>YAML to JSON as kubectl does it: YAML 1.1 booleans (<c>yes</c>, <c>on</c>), octal and hex numbers, null.</summary>
internal static class YamlJson
{
    public static JsonNode? Convert(YamlNode node, Problems problems)
    {
        switch (node)
        {
            case YamlMapping mapping:
                var result = new JsonObject();
                foreach (var entry in mapping.Entries)
                    result[entry.Key] = Convert(entry.Value, problems);
                return result;
            case YamlSequence sequence:
                var items = new JsonArray();
                foreach (var item in sequence.Items)
                    items.Add(Convert(item, problems));
                return items;
            default:
                return ConvertScalar((YamlScalar)node, problems);
        }
    }

    /// <summary>The boolean a plain scalar means by YAML 1.1; null when it means none.</summary>
    public static bool? ToBoolean(string text) => text switch
    {
        "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" or "y" or "Y" => true,
        "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF" or "n" or "N" => false,
        _ => null,
    };

    private static JsonNode? ConvertScalar(YamlScalar scalar, Problems problems)
    {
        var text = scalar.Value;
        if (scalar.Tag is "tag:yaml.org,2002:str" or "!" || scalar is { Quoted: true, Tag: null })
            return JsonValue.Create(text);
        if (scalar.Tag == "tag:yaml.org,2002:binary")
            return JsonValue.Create(text.ReplaceLineEndings(""));
        if (scalar.IsNull || scalar.Tag == "tag:yaml.org,2002:null")
            return null;
        if (ToBoolean(text) is { } boolean)
            return JsonValue.Create(boolean);
        if (!(char.IsAsciiDigit(text[0]) || text[0] is '-' or '+' or '.'))
            return JsonValue.Create(text);
        return ConvertNumber(text, scalar, problems);
    }

    private static JsonValue? ConvertNumber(string text, YamlScalar scalar, Problems problems)
    {
        var plain = text.Replace("_", "");
        if (TryInteger(plain, out var integer))
            return JsonValue.Create(integer);
        if (ulong.TryParse(plain, NumberStyles.None, CultureInfo.InvariantCulture, out var large))
            return JsonValue.Create(large);
        if (plain.TrimStart('+', '-').ToLowerInvariant() is ".inf" or ".nan")
        {
            problems.Error(DiagnosticCodes.Malformed, scalar.Place,
                $"'{text}' cannot be stored: JSON has no such number");
            return null;
        }

        const NumberStyles Float = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint
            | NumberStyles.AllowExponent;
        return double.TryParse(plain, Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? JsonValue.Create(number)
            : JsonValue.Create(text);
    }

    private static bool TryInteger(string text, out long value)
    {
        var negative = text[0] == '-';
        var digits = text.AsSpan(text[0] is '-' or '+' ? 1 : 0);
        var (style, skip) = digits switch
        {
            ['0', 'x', ..] => (16, 2),
            ['0', 'b', ..] => (2, 2),
            ['0', 'o', ..] => (8, 2),
            ['0', _, ..] => (8, 1),
            _ => (10, 0),
        };
        value = 0;
        digits = digits[skip..];
        if (digits.IsEmpty)
            return false;
        Int128 sum = 0;
        foreach (var c in digits)
        {
            var digit = char.IsAsciiHexDigit(c) ? System.Convert.ToInt32(c.ToString(), 16) : 99;
            if (digit >= style || sum > long.MaxValue)
                return false;
            sum = sum * style + digit;
        }

        sum = negative ? -sum : sum;
        value = (long)sum;
        return sum <= long.MaxValue && sum >= long.MinValue;
    }
}
