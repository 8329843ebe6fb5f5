using System.Text.Json;

namespace Spillway.Kubernetes;

/// <summary>Cuts lists and watch lines into the byte ranges of their objects without building a tree.</summary>
internal static class ListReader
{
    public readonly record struct Page(string ResourceVersion, string Continue);

    /// <summary>What every object needs to be kept in a store.</summary>
    public readonly record struct Identity(ObjectKey Key, string ResourceVersion);

    /// <summary>Hands each item's bytes to <paramref name="item"/> and returns the list's metadata.</summary>
    public static Page Read(ReadOnlyMemory<byte> utf8, Action<ReadOnlyMemory<byte>> item)
    {
        var reader = new Utf8JsonReader(utf8.Span);
        var page = new Page("", "");
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("metadata"u8)) page = ReadListMetadata(ref reader);
            else if (reader.ValueTextEquals("items"u8)) ReadItems(ref reader, utf8, item);
            else SkipValue(ref reader);
        }

        return page;
    }

    /// <summary>Type and object of one watch line.</summary>
    public static (string Type, ReadOnlyMemory<byte> Object) ReadEvent(ReadOnlyMemory<byte> line)
    {
        var reader = new Utf8JsonReader(line.Span);
        var type = "";
        var body = ReadOnlyMemory<byte>.Empty;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                type = reader.GetString() ?? "";
            }
            else if (reader.ValueTextEquals("object"u8))
            {
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                body = line[start..(int)reader.BytesConsumed];
            }
            else
            {
                SkipValue(ref reader);
            }
        }

        return (type, body);
    }

    public static Identity ReadIdentity(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("metadata"u8)) return ReadObjectMetadata(ref reader);
            SkipValue(ref reader);
        }

        return new Identity(new ObjectKey("", ""), "");
    }

    /// <summary>The object without <c>metadata.managedFields</c>; the same bytes when it has none.</summary>
    public static ReadOnlyMemory<byte> WithoutManagedFields(ReadOnlyMemory<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8.Span);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!reader.ValueTextEquals("metadata"u8))
            {
                SkipValue(ref reader);
                continue;
            }

            if (!EnterObject(ref reader)) return utf8;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var start = (int)reader.TokenStartIndex;
                var found = reader.ValueTextEquals("managedFields"u8);
                SkipValue(ref reader);
                if (found) return CutMember(utf8, start, (int)reader.BytesConsumed);
            }

            return utf8;
        }

        return utf8;
    }

    // A member goes with the comma after it, or as the last one with the comma before it.
    private static ReadOnlyMemory<byte> CutMember(ReadOnlyMemory<byte> utf8, int start, int end)
    {
        var span = utf8.Span;
        var after = end + span[end..].IndexOfAnyExcept(" \t\r\n"u8);
        if (span[after] == (byte)',')
        {
            end = after + 1;
        }
        else
        {
            var before = span[..start].LastIndexOfAnyExcept(" \t\r\n"u8);
            if (span[before] == (byte)',') start = before;
        }

        var kept = new byte[span.Length - (end - start)];
        span[..start].CopyTo(kept);
        span[end..].CopyTo(kept.AsSpan(start));
        return kept;
    }

    private static Identity ReadObjectMetadata(ref Utf8JsonReader reader)
    {
        string name = "", ns = "", version = "";
        if (!EnterObject(ref reader)) return new Identity(new ObjectKey(ns, name), version);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("name"u8)) name = ReadText(ref reader);
            else if (reader.ValueTextEquals("namespace"u8)) ns = ReadText(ref reader);
            else if (reader.ValueTextEquals("resourceVersion"u8)) version = ReadText(ref reader);
            else SkipValue(ref reader);
        }

        return new Identity(new ObjectKey(ns, name), version);
    }

    private static Page ReadListMetadata(ref Utf8JsonReader reader)
    {
        string version = "", next = "";
        if (!EnterObject(ref reader)) return new Page(version, next);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("resourceVersion"u8)) version = ReadText(ref reader);
            else if (reader.ValueTextEquals("continue"u8)) next = ReadText(ref reader);
            else SkipValue(ref reader);
        }

        return new Page(version, next);
    }

    private static void ReadItems(
        ref Utf8JsonReader reader, ReadOnlyMemory<byte> utf8, Action<ReadOnlyMemory<byte>> item)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray) return;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            item(utf8[start..(int)reader.BytesConsumed]);
        }
    }

    private static bool EnterObject(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.StartObject;

    private static string ReadText(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String) return reader.GetString() ?? "";
        reader.Skip();
        return "";
    }

    private static void SkipValue(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }
}
