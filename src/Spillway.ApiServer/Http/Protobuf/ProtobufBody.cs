using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Http.Protobuf;

/// <summary>
/// Reads objects that clients send as protobuf, as kubectl and most Go programs do for built-in kinds. Answers are JSON,
/// which those clients take as well.
/// </summary>
internal static class ProtobufBody
{
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

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
        if (!body.StartsWith("k8s\0"u8)) throw new InvalidDataException("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
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
        var slash = apiVersion.IndexOf('/');
        var (group, version) = slash < 0 ? ("", apiVersion) : (apiVersion[..slash], apiVersion[(slash + 1)..]);
        var name = TypeTable.Load().Shape(group, version, kind)?.TypeName
            ?? throw new InvalidDataException($"no kind \"{kind}\" is registered for version \"{apiVersion}\"");
        var item = Message(name, raw) as JsonObject ?? [];
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

    private static JsonNode? Message(string type, ReadOnlySpan<byte> data)
    {
        var fields = MessageTable.Load().Fields(type)
            ?? throw new InvalidDataException($"{type} cannot be read as protobuf here: send it as JSON");
        var item = Fields(type, fields, data);
        return type switch
        {
            Meta + "Time" => Time(item, "yyyy-MM-ddTHH:mm:ssZ"),
            Meta + "MicroTime" => Time(item, "yyyy-MM-ddTHH:mm:ss.ffffffZ"),
            Meta + "Duration" => JsonValue.Create($"{(item.Number("duration") ?? 0) / 1e9:0.#########}s"),
            Meta + "FieldsV1" => Raw(item["Raw"]),
            "io.k8s.apimachinery.pkg.runtime.RawExtension" => Raw(item["raw"]),
            "io.k8s.apimachinery.pkg.api.resource.Quantity" => item["string"]?.DeepClone() ?? "0",
            "io.k8s.apimachinery.pkg.util.intstr.IntOrString" => item.Number("type") == 1
                ? item["strVal"]?.DeepClone() : JsonValue.Create(item.Number("intVal") ?? 0),
            _ when type.EndsWith(".ExtraValue", StringComparison.Ordinal) || type == Meta + "Verbs" =>
                item["items"]?.DeepClone() ?? new JsonArray(),
            _ => item,
        };
    }

    private static JsonObject Fields(string type, Dictionary<int, WireField> fields, ReadOnlySpan<byte> data)
    {
        var item = new JsonObject();
        var shape = TypeTable.Load().Shape(type);
        var reader = new WireReader(data);
        while (!reader.IsAtEnd)
        {
            var (number, wire) = reader.Tag();
            if (!fields.TryGetValue(number, out var field))
            {
                reader.Skip(wire);
                continue;
            }
            if (field.IsMap)
            {
                var (key, entry) = Entry(field, reader.Block());
                item.Ensure(field.Name)[key] = entry;
                continue;
            }
            var value = Value(field, ref reader);
            if (field.IsRepeated) item.EnsureList(field.Name).Add(value);
            else if (field.Form == WireForm.Message && shape is { Properties.Count: > 0 }
                && !shape.Properties.ContainsKey(field.Name) && value is JsonObject embedded) Inline(item, embedded);
            else item[field.Name] = value;
        }
        return item;
    }

    /// <summary>Embedded structs are messages of their own on the wire and part of their owner in JSON.</summary>
    private static void Inline(JsonObject item, JsonObject embedded)
    {
        foreach (var (name, value) in embedded) item[name] = value?.DeepClone();
    }

    private static JsonNode? Value(WireField field, ref WireReader reader) => field.Form switch
    {
        WireForm.Text => Encoding.UTF8.GetString(reader.Block()),
        WireForm.Flag => reader.Varint() != 0,
        WireForm.Whole => (long)reader.Varint(),
        WireForm.Real => reader.Real(),
        WireForm.Bytes => Convert.ToBase64String(reader.Block()),
        _ => Message(field.Type, reader.Block()),
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

    private static JsonNode? Raw(JsonNode? base64) =>
        base64.AsText() is { Length: > 0 } text ? JsonNode.Parse(Convert.FromBase64String(text)) : null;
}
