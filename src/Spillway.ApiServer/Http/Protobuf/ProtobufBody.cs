using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Http.Protobuf;

/// <summary>
/// Reads objects that clients send as protobuf, as kubectl and most Go programs do for built-in kinds.
/// </summary>
internal static class ProtobufBody
{
    /// <summary>The object with its kind and apiVersion. Throws 400 for bytes that are no such object.</summary>
    public static JsonObject Read(ReadOnlySpan<byte> body)
    {
        try
        {
            return Envelope(body);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException)
        {
            throw ApiFailure.BadRequest("unable to decode protobuf: " + e.Message);
        }
    }

    private static JsonObject Envelope(ReadOnlySpan<byte> body)
    {
        if (!body.StartsWith("k8s\0"u8))
            throw new InvalidDataException("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
        string apiVersion = "", kind = "";
        ReadOnlySpan<byte> raw = default;
        var reader = new WireReader(body[4..]);
        while (!reader.IsAtEnd)
        {
            var (number, wire) = reader.Tag();
            if (number == 1) (apiVersion, kind) = TypeMeta(reader.Block());
            else if (number == 2) raw = reader.Block();
            else reader.Skip(wire);
        }
        var message = MessageTable.Load().Of(apiVersion, kind)
            ?? throw new InvalidDataException($"no kind \"{kind}\" is registered for version \"{apiVersion}\"");
        var item = Message(message, raw) as JsonObject ?? [];
        item["kind"] = kind;
        item["apiVersion"] = apiVersion;
        return item;
    }

    private static (string ApiVersion, string Kind) TypeMeta(ReadOnlySpan<byte> data)
    {
        string apiVersion = "", kind = "";
        var reader = new WireReader(data);
        while (!reader.IsAtEnd)
        {
            var (number, wire) = reader.Tag();
            if (number == 1) apiVersion = Encoding.UTF8.GetString(reader.Block());
            else if (number == 2) kind = Encoding.UTF8.GetString(reader.Block());
            else reader.Skip(wire);
        }
        return (apiVersion, kind);
    }

    private static JsonNode? Message(WireMessage message, ReadOnlySpan<byte> data)
    {
        switch (message.Shape)
        {
            case WireShape.Fields:
                var item = new JsonObject();
                Fields(item, message, data);
                return item;
            case WireShape.RawJson:
                return RawJson(message, data);
            default:
                var parts = new JsonObject();
                Fields(parts, message, data);
                return Special(message, parts);
        }
    }

    private static JsonNode? Special(WireMessage message, JsonObject parts) => message.Shape switch
    {
        WireShape.Time => Time(parts, "yyyy-MM-ddTHH:mm:ssZ"),
        WireShape.MicroTime => Time(parts, "yyyy-MM-ddTHH:mm:ss.ffffffZ"),
        WireShape.Duration => JsonValue.Create($"{(parts.Number("duration") ?? 0) / 1e9:0.#########}s"),
        WireShape.Quantity => Taken(parts, "string") ?? "0",
        WireShape.IntOrString => parts.Number("type") == 1 ? Taken(parts, "strVal") ?? "" : Taken(parts, "intVal") ?? 0,
        WireShape.List => Taken(parts, message.Declared[0].Name) ?? new JsonArray(),
        WireShape.Union => Union(message, parts),
        _ => throw new UnreachableException(message.Shape.ToString()),
    };

    /// <summary>A list or a schema when there is one, else the flag.</summary>
    private static JsonNode? Union(WireMessage message, JsonObject parts)
    {
        foreach (var field in message.Declared)
            if (field.Form != WireForm.Flag && Taken(parts, field.Name) is { } value) return value;
        return message.Declared[0].Form == WireForm.Flag ? Taken(parts, message.Declared[0].Name) ?? false : null;
    }

    private static JsonNode? Taken(JsonObject parts, string name) => parts.Remove(name, out var value) ? value : null;

    /// <summary>Adds a message's fields to an object: its own, or the one it is embedded in.</summary>
    private static void Fields(JsonObject item, WireMessage message, ReadOnlySpan<byte> data)
    {
        var reader = new WireReader(data);
        while (!reader.IsAtEnd)
        {
            var (number, wire) = reader.Tag();
            if (message.Find(number) is not { } field) reader.Skip(wire);
            else if (field.IsInline) Fields(item, field.Message!, reader.Block());
            else if (field.IsMap)
            {
                var (key, entry) = Entry(field, reader.Block());
                item.Ensure(field.Name)[key] = entry;
            }
            else if (field.IsRepeated && wire == 2 && field.Form is WireForm.Whole or WireForm.Flag)
                Packed(item.EnsureList(field.Name), field, reader.Block());
            else if (field.IsRepeated) item.EnsureList(field.Name).Add(Value(field, ref reader));
            // Times that were never set are sent as empty messages: left out, they mean the same.
            else if (Value(field, ref reader) is { } value) item[field.Name] = value;
        }
    }

    private static void Packed(JsonArray list, WireField field, ReadOnlySpan<byte> data)
    {
        var reader = new WireReader(data);
        while (!reader.IsAtEnd) list.Add(Value(field, ref reader));
    }

    private static JsonNode? Value(WireField field, ref WireReader reader) => field.Form switch
    {
        WireForm.Text => Encoding.UTF8.GetString(reader.Block()),
        WireForm.Flag => reader.Varint() != 0,
        WireForm.Whole => (long)reader.Varint(),
        WireForm.Real => reader.Real(),
        WireForm.Bytes => Convert.ToBase64String(reader.Block()),
        _ => Message(field.Message!, reader.Block()),
    };

    private static (string Key, JsonNode? Value) Entry(WireField field, ReadOnlySpan<byte> data)
    {
        var key = "";
        JsonNode? value = field.Form == WireForm.Text ? "" : null;
        var reader = new WireReader(data);
        while (!reader.IsAtEnd)
        {
            var (number, wire) = reader.Tag();
            if (number == 1) key = Encoding.UTF8.GetString(reader.Block());
            else if (number == 2) value = Value(field, ref reader);
            else reader.Skip(wire);
        }
        return (key, value);
    }

    private static JsonNode? Time(JsonObject item, string form)
    {
        var seconds = item.Number("seconds") ?? 0;
        // A struct that was never set is an empty message: no time at all.
        if (seconds == 0 && item.Number("nanos") is null or 0) return null;
        var time = DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks((item.Number("nanos") ?? 0) / 100);
        return time.UtcDateTime.ToString(form, CultureInfo.InvariantCulture);
    }

    /// <summary>JSON as bytes, or an object in an envelope of its own.</summary>
    private static JsonNode? RawJson(WireMessage message, ReadOnlySpan<byte> data)
    {
        JsonNode? raw = null;
        var reader = new WireReader(data);
        while (!reader.IsAtEnd)
        {
            var (number, wire) = reader.Tag();
            if (number != message.Declared[0].Number)
            {
                reader.Skip(wire);
                continue;
            }
            var bytes = reader.Block();
            raw = bytes.IsEmpty ? null : bytes.StartsWith("k8s\0"u8) ? Envelope(bytes) : JsonNode.Parse(bytes);
        }
        return raw;
    }
}
