using System.Globalization;
using System.IO.Compression;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Http.Protobuf;

/// <summary>Field numbers of Kubernetes' messages, from the table that <c>eng/protobuf-fields</c> makes.</summary>
internal sealed class MessageTable
{
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";
    private const string Definitions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.";

    private static readonly Lazy<MessageTable> s_loaded = new(Read);

    private readonly Dictionary<string, WireMessage> _messages = new(900, StringComparer.Ordinal);

    /// <summary>The table, read when protobuf is first spoken.</summary>
    public static MessageTable Load() => s_loaded.Value;

    public WireMessage? Message(string typeName) => _messages.GetValueOrDefault(typeName);

    /// <summary>The message of a kind; null for kinds that are only spoken in JSON.</summary>
    public WireMessage? Of(string apiVersion, string kind)
    {
        var slash = apiVersion.IndexOf('/');
        var (group, version) = slash < 0 ? ("", apiVersion) : (apiVersion[..slash], apiVersion[(slash + 1)..]);
        if (TypeTable.Load().Shape(group, version, kind)?.TypeName is { } type) return Message(type);
        return (group, version) is ("meta.k8s.io", "v1") or ("", "v1") ? Message(Meta + kind) : null;
    }

    private static MessageTable Read()
    {
        using var stream = typeof(MessageTable).Assembly.GetManifestResourceStream("protobuf-fields.txt.gz")
            ?? throw new InvalidOperationException("protobuf-fields.txt.gz is not embedded: the build left it out");
        using var reader = new StreamReader(new GZipStream(stream, CompressionMode.Decompress));
        var table = new MessageTable();
        var current = table.Named("");
        while (reader.ReadLine() is { } line)
        {
            if (line[0] != ' ') current = table.Named(line);
            else current.Declared.Add(table.Field(line.Split(' ')));
        }
        table.Complete();
        return table;
    }

    private void Complete()
    {
        foreach (var (name, message) in _messages)
        {
            if (message.Shape != WireShape.Fields) continue;
            // A message field that the JSON type does not have is an embedded struct.
            if (TypeTable.Load().Shape(name) is not { Properties.Count: > 0 } schema) continue;
            foreach (var field in message.Declared)
            {
                field.IsInline = field is { Form: WireForm.Message, IsRepeated: false, IsMap: false }
                    && !schema.Properties.ContainsKey(field.Name);
            }
        }
        foreach (var (_, message) in _messages) message.Complete();
    }

    private WireMessage Named(string name)
    {
        if (_messages.TryGetValue(name, out var known)) return known;
        known = new WireMessage(name, ShapeOf(name));
        _messages.Add(name, known);
        return known;
    }

    private WireField Field(string[] parts)
    {
        var form = parts[3];
        return new WireField(int.Parse(parts[1], CultureInfo.InvariantCulture), parts[2], form[^1] switch
        {
            's' => WireForm.Text,
            'b' => WireForm.Flag,
            'i' => WireForm.Whole,
            'd' => WireForm.Real,
            'y' => WireForm.Bytes,
            _ => WireForm.Message,
        })
        {
            IsRepeated = form[0] == '*', IsMap = form[0] == '{', Message = parts.Length > 4 ? Named(parts[4]) : null,
        };
    }

    private static WireShape ShapeOf(string name) => name switch
    {
        Meta + "Time" => WireShape.Time,
        Meta + "MicroTime" => WireShape.MicroTime,
        Meta + "Duration" => WireShape.Duration,
        Meta + "FieldsV1" or Definitions + "JSON" or "io.k8s.apimachinery.pkg.runtime.RawExtension" =>
            WireShape.RawJson,
        "io.k8s.apimachinery.pkg.api.resource.Quantity" => WireShape.Quantity,
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString" => WireShape.IntOrString,
        Definitions + "JSONSchemaPropsOrArray" or Definitions + "JSONSchemaPropsOrBool"
            or Definitions + "JSONSchemaPropsOrStringArray" => WireShape.Union,
        Meta + "Verbs" => WireShape.List,
        _ => name.EndsWith(".ExtraValue", StringComparison.Ordinal) ? WireShape.List : WireShape.Fields,
    };
}
