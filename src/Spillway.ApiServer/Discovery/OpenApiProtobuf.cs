using System.Text;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Http.Protobuf;

namespace Spillway.ApiServer.Discovery;

/// <summary>
/// OpenAPI version 2 as protobuf, in gnostic's messages (<c>openapi.v2.Document</c>): the only form that kubectl before
/// 1.27 asks for, and without which its <c>apply</c> refuses to go on. Numbers in here are the fields of those messages.
/// </summary>
internal static class OpenApiProtobuf
{
    /// <summary>What the answer is called; older clients ask with an @ before the version.</summary>
    public const string ContentType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    private const string OldContentType = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

    private static readonly string[] s_methods = ["get", "put", "post", "delete", "options", "head", "patch"];

    public static bool IsAsked(string mediaType) => mediaType is ContentType or OldContentType;

    public static byte[] Write(JsonObject document)
    {
        using var writer = new WireWriter();
        Text(writer, 1, document["swagger"]);
        Nested(writer, 2, document["info"], Title);
        Nested(writer, 8, document["paths"], (to, paths) => Named(to, 2, paths, PathItem));
        Nested(writer, 9, document["definitions"], (to, schemas) => Named(to, 1, schemas, Schema));
        return writer.Written.ToArray();
    }

    private static void Title(WireWriter writer, JsonObject title)
    {
        Text(writer, 1, title["title"]);
        Text(writer, 2, title["version"]);
    }

    private static void PathItem(WireWriter writer, JsonObject item)
    {
        for (var i = 0; i < s_methods.Length; i++) Nested(writer, i + 2, item[s_methods[i]], Operation);
        Extensions(writer, 10, item);
    }

    private static void Operation(WireWriter writer, JsonObject operation)
    {
        foreach (var parameter in operation.Objects("parameters"))
        {
            // A parameter of the query lies four messages deep: item, parameter, one without a body, one of the query.
            Nested(writer, 8, parameter, (item, _) => Nested(item, 1, parameter, (any, _) =>
                Nested(any, 2, parameter, (plain, _) => Nested(plain, 3, parameter, QueryParameter))));
        }
        Nested(writer, 9, operation["responses"], (to, responses) =>
            Named(to, 1, responses, (value, response) => Nested(value, 1, response, Response)));
        Extensions(writer, 13, operation);
    }

    private static void QueryParameter(WireWriter writer, JsonObject parameter)
    {
        Text(writer, 2, parameter["in"]);
        Text(writer, 4, parameter["name"]);
        Text(writer, 6, parameter["type"]);
        Flag(writer, 20, parameter["uniqueItems"]);
    }

    private static void Response(WireWriter writer, JsonObject response)
    {
        Text(writer, 1, response["description"]);
        Nested(writer, 2, response["schema"], (to, schema) => Nested(to, 1, schema, Schema));
    }

    private static void Schema(WireWriter writer, JsonObject schema)
    {
        Text(writer, 1, schema["$ref"]);
        Text(writer, 2, schema["format"]);
        Text(writer, 4, schema["description"]);
        if (schema["default"] is { } value) Yaml(writer, 5, value);
        foreach (var name in schema["required"] as JsonArray ?? []) Text(writer, 19, name);
        foreach (var allowed in schema["enum"] as JsonArray ?? []) Yaml(writer, 20, allowed);
        Nested(writer, 21, schema["additionalProperties"], (item, of) => Nested(item, 1, of, Schema));
        if (schema["type"] is not null) Nested(writer, 22, schema, (type, of) => Text(type, 1, of["type"]));
        Nested(writer, 23, schema["items"], (item, of) => Nested(item, 1, of, Schema));
        Nested(writer, 25, schema["properties"], (to, properties) => Named(to, 1, properties, Schema));
        Extensions(writer, 31, schema);
    }

    /// <summary>A map, as messages of a name and a value.</summary>
    private static void Named(WireWriter writer, int number, JsonObject items, Action<WireWriter, JsonObject> write)
    {
        foreach (var (name, item) in items)
        {
            writer.Tag(number, 2);
            var start = writer.Begin();
            Text(writer, 1, name);
            Nested(writer, 2, item, write);
            writer.End(start);
        }
    }

    private static void Extensions(WireWriter writer, int number, JsonObject owner)
    {
        foreach (var (name, value) in owner)
        {
            if (value is null || !name.StartsWith("x-", StringComparison.Ordinal)) continue;
            writer.Tag(number, 2);
            var start = writer.Begin();
            Text(writer, 1, name);
            Yaml(writer, 2, value);
            writer.End(start);
        }
    }

    /// <summary>Any value, as text in YAML; JSON is YAML too.</summary>
    private static void Yaml(WireWriter writer, int number, JsonNode? value)
    {
        writer.Tag(number, 2);
        var start = writer.Begin();
        Text(writer, 2, (value?.ToJsonString(Json.Relaxed) ?? "null") + "\n");
        writer.End(start);
    }

    private static void Nested(WireWriter writer, int number, JsonNode? value, Action<WireWriter, JsonObject> write)
    {
        if (value is not JsonObject item) return;
        writer.Tag(number, 2);
        var start = writer.Begin();
        write(writer, item);
        writer.End(start);
    }

    private static void Text(WireWriter writer, int number, JsonNode? value)
    {
        if (value is null) return;
        writer.Tag(number, 2);
        writer.Block(Encoding.UTF8.GetBytes(value.GetValue<string>()));
    }

    private static void Flag(WireWriter writer, int number, JsonNode? value)
    {
        if (value?.GetValue<bool>() != true) return;
        writer.Tag(number, 0);
        writer.Varint(1);
    }
}
