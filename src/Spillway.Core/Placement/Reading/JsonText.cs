using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Spillway.Core.Placement.Reading;

/// <summary>
/// The few moves that reading Kubernetes JSON needs. Each reads the value the reader is about to enter or stands on and
/// leaves the reader on the value's last token.
/// </summary>
internal static class JsonText
{
    private const int CacheSize = 2048;

    // Names, label keys and values repeat in every object of a cluster: keeping one string of each saves most of the
    // allocations of a read. One cache a thread, because readers may run on any.
    [ThreadStatic] private static string?[]? cache;

    /// <summary>Moves to the next property of the object the reader is in; false at its end.</summary>
    public static bool NextField(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.PropertyName;
    }

    /// <summary>Enters the object that is the next value; false for null.</summary>
    public static bool EnterObject(ref Utf8JsonReader reader)
    {
        reader.Read();
        return IsObject(ref reader);
    }

    /// <summary>True when the reader stands on an object; false on null.</summary>
    public static bool IsObject(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.StartObject => true,
        JsonTokenType.Null => false,
        _ => throw Unexpected(ref reader, "an object"),
    };

    public static bool EnterArray(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.StartArray => true,
            JsonTokenType.Null => false,
            _ => throw Unexpected(ref reader, "a list"),
        };
    }

    /// <summary>Moves to the next element of the array the reader is in; false at its end.</summary>
    public static bool NextItem(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType != JsonTokenType.EndArray;
    }

    public static void SkipValue(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }

    /// <summary>Reads the next value as text; empty for null.</summary>
    public static string Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        return CurrentText(ref reader);
    }

    public static string CurrentText(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null: return "";
            case JsonTokenType.True: return "true";
            case JsonTokenType.False: return "false";
            case JsonTokenType.Number: return Encoding.UTF8.GetString(reader.ValueSpan);
            case JsonTokenType.String or JsonTokenType.PropertyName: return Cached(ref reader);
            default: throw Unexpected(ref reader, "text");
        }
    }

    /// <summary>One field of the object that is the next value, as text; empty when it is not there.</summary>
    public static string FieldText(ref Utf8JsonReader reader, ReadOnlySpan<byte> field)
    {
        var text = "";
        if (!EnterObject(ref reader)) return text;
        while (NextField(ref reader))
        {
            if (reader.ValueTextEquals(field)) text = Text(ref reader);
            else SkipValue(ref reader);
        }
        return text;
    }

    public static bool Flag(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.True;
    }

    public static int Int(ref Utf8JsonReader reader, int whenNull)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return whenNull;
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var value)) return value;
        throw Unexpected(ref reader, "a whole number");
    }

    public static DateTimeOffset Time(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return default;
        if (reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out var time)) return time;
        throw Unexpected(ref reader, "a time such as 2026-01-31T12:00:00Z");
    }

    public static LabelMap Labels(ref Utf8JsonReader reader)
    {
        if (!EnterObject(ref reader)) return LabelMap.Empty;
        var pairs = new List<KeyValuePair<string, string>>();
        while (NextField(ref reader))
        {
            var key = CurrentText(ref reader);
            pairs.Add(KeyValuePair.Create(key, Text(ref reader)));
        }
        return LabelMap.FromArray([.. pairs]);
    }

    public static ValueList<string> Texts(ref Utf8JsonReader reader)
    {
        if (!EnterArray(ref reader)) return [];
        var items = new List<string>();
        while (NextItem(ref reader)) items.Add(CurrentText(ref reader));
        return items.ToValueList();
    }

    /// <summary>Reads a map of quantities; amounts of zero are left out unless they are asked for.</summary>
    public static ResourceAmounts Amounts(ref Utf8JsonReader reader, bool keepZero = false)
    {
        if (!EnterObject(ref reader)) return ResourceAmounts.Empty;
        var amounts = new List<KeyValuePair<string, long>>();
        while (NextField(ref reader))
        {
            var name = CurrentText(ref reader);
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null) continue;
            if (!ResourceAmounts.TryParseQuantity(name, reader.ValueSpan, out var amount))
                throw new FormatException($"'{CurrentText(ref reader)}' is not a quantity of {name}.");
            if (amount != 0 || keepZero) amounts.Add(KeyValuePair.Create(name, amount));
        }
        return ResourceAmounts.FromArray([.. amounts]);
    }

    public static JsonException Unexpected(ref Utf8JsonReader reader, string wanted) =>
        new($"Expected {wanted} at byte {reader.TokenStartIndex}, found {reader.TokenType}.");

    private static string Cached(ref Utf8JsonReader reader)
    {
        var bytes = reader.ValueSpan;
        if (bytes.IsEmpty) return "";
        if (reader.HasValueSequence || reader.ValueIsEscaped || bytes.Length > 128) return reader.GetString()!;
        var hash = 2166136261u;
        foreach (var value in bytes) hash = (hash ^ value) * 16777619u;
        cache ??= new string?[CacheSize];
        ref var slot = ref cache[(hash ^ (hash >> 15)) % CacheSize];
        if (slot is not null && slot.Length == bytes.Length && Ascii.Equals(bytes, slot)) return slot;
        return slot = reader.GetString()!;
    }
}
