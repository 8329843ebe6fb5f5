using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Spillway.Core.ClusterFile.Yaml;

/// <summary>JSON as block-style YAML, strings quoted only where another reading would be possible.</summary>
public static class YamlWriter
{
    public static string From(JsonNode node)
    {
        var text = new StringWriter();
        var emitter = new Emitter(text);
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Write(emitter, node);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void Write(Emitter emitter, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                emitter.Emit(
                    new MappingStart(null, null, true, map.Count == 0 ? MappingStyle.Flow : MappingStyle.Block));
                foreach (var (key, value) in map)
                {
                    WriteText(emitter, key);
                    Write(emitter, value);
                }
                emitter.Emit(new MappingEnd());
                break;
            case JsonArray list:
                emitter.Emit(
                    new SequenceStart(null, null, true, list.Count == 0 ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (var item in list) Write(emitter, item);
                emitter.Emit(new SequenceEnd());
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                WriteText(emitter, value.GetValue<string>());
                break;
            default:
                emitter.Emit(new Scalar(null, null, node?.ToJsonString() ?? "null", ScalarStyle.Plain, true, false));
                break;
        }
    }

    private static void WriteText(Emitter emitter, string text) => emitter.Emit(
        new Scalar(null, null, text, IsAmbiguous(text) ? ScalarStyle.DoubleQuoted : ScalarStyle.Any, true, true));

    // What a YAML 1.1 reader (kubectl among them) would take for a number, a truth value, a date or nothing.
    private static bool IsAmbiguous(string text) =>
        text.Length == 0
        || text.ToLowerInvariant() is "null" or "~" or "true" or "false" or "yes" or "no" or "on" or "off" or "y" or "n"
        || (text[0] is >= '0' and <= '9' or '-' or '+' or '.'
            && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '+' or ':' or '_'));
}
