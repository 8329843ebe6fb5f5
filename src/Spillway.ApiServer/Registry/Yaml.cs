using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;
using Scalar = YamlDotNet.Core.Events.Scalar;

namespace Spillway.ApiServer.Registry;

/// <summary>YAML bodies, read and written as JSON trees.</summary>
internal static class Yaml
{
    /// <summary>Sorted keys, two spaces, strings quoted where a reader would take them for something else.</summary>
    public static string Write(JsonNode node)
    {
        var text = new StringWriter();
        var emitter = new Emitter(text, new EmitterSettings(2, int.MaxValue, false, 1024, true));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, [], true));
        Emit(emitter, node);
        emitter.Emit(new DocumentEnd(true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    /// <summary>Throws 400 for text that is no YAML, or more of it than one document.</summary>
    public static JsonNode? Parse(string text)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return stream.Documents.Count == 0 ? null : Convert(stream.Documents[0].RootNode, 0);
        }
        catch (YamlException e)
        {
            throw ApiFailure.BadRequest("error converting YAML to JSON: yaml: line " + e.Start.Line + ": " + e.Message);
        }
    }

    private static void Emit(Emitter emitter, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                emitter.Emit(
                    new MappingStart(null, null, true, map.Count == 0 ? MappingStyle.Flow : MappingStyle.Block));
                foreach (var (name, value) in map.OrderBy(p => p.Key, StringComparer.Ordinal))
                {
                    EmitText(emitter, name);
                    Emit(emitter, value);
                }
                emitter.Emit(new MappingEnd());
                break;
            case JsonArray list:
                emitter.Emit(
                    new SequenceStart(null, null, true, list.Count == 0 ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (var item in list) Emit(emitter, item);
                emitter.Emit(new SequenceEnd());
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                EmitText(emitter, value.GetValue<string>());
                break;
            default:
                emitter.Emit(new Scalar(null, null, node?.ToJsonString() ?? "null", ScalarStyle.Plain, true, false));
                break;
        }
    }

    private static void EmitText(Emitter emitter, string text)
    {
        var style = text.Contains('\n') ? ScalarStyle.Literal
            : LooksOtherwise(text) ? ScalarStyle.DoubleQuoted : ScalarStyle.Any;
        emitter.Emit(new Scalar(null, null, text, style, true, true));
    }

    private static bool LooksOtherwise(string text) =>
        text.Length == 0 || text is "null" or "~" or "true" or "false" or "yes" or "no" or "on" or "off" or "y" or "n"
        || char.IsAsciiDigit(text[0])
            || (text[0] is '-' or '+' or '.' && text.Length > 1 && char.IsAsciiDigit(text[1]));

    private static JsonNode? Convert(YamlNode node, int depth)
    {
        // Aliases could otherwise make a small text an endless tree.
        if (depth > 200) throw ApiFailure.BadRequest("error converting YAML to JSON: too deeply nested");
        switch (node)
        {
            case YamlMappingNode map:
                var result = new JsonObject();
                foreach (var (key, value) in map.Children)
                    result[((YamlScalarNode)key).Value ?? ""] = Convert(value, depth + 1);
                return result;
            case YamlSequenceNode list:
                var items = new JsonArray();
                foreach (var item in list.Children) items.Add(Convert(item, depth + 1));
                return items;
            default:
                return Plain((YamlScalarNode)node);
        }
    }

    private static JsonNode? Plain(YamlScalarNode scalar)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any)) return JsonValue.Create(text);
        if (text is "" or "null" or "~" or "Null" or "NULL") return null;
        if (text is "true" or "True" or "TRUE" or "yes" or "on") return JsonValue.Create(true);
        if (text is "false" or "False" or "FALSE" or "no" or "off") return JsonValue.Create(false);
        if (long.TryParse(text, out var whole)) return JsonValue.Create(whole);
        return double.TryParse(text, out var real) && double.IsFinite(real) && !text.EndsWith('e')
            ? JsonValue.Create(real)
            : JsonValue.Create(text);
    }
}
