using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Schema;

/// <summary>A column of the Table form of a built-in kind.</summary>
public sealed record TableColumn(string Name, string Type, string Format, int Priority);

/// <summary>
/// Every built-in type and resource, read from the compact table that <c>eng/type-table</c> makes: 18 KB embedded,
/// about 600 types, a few milliseconds.
/// </summary>
public sealed class TypeTable
{
    private static readonly Lazy<TypeTable> s_loaded = new(() => new TypeTable(ReadText()));

    private readonly Dictionary<string, TypeSchema> _types = new(700, StringComparer.Ordinal);
    private readonly Dictionary<(string, string, string), TypeSchema> _kinds = [];
    private readonly Dictionary<(string, string, string), TableColumn[]> _columns = [];
    private readonly Dictionary<string, JsonNode?> _defaults = new(StringComparer.Ordinal);
    private readonly List<ResourceType> _resources = [];

    private TypeTable(string text)
    {
        var lines = text.Split('\n');
        var at = 1;
        var headers = new List<(int Line, TypeSchema Schema)>();
        for (; lines[at][0] != '#'; at++)
            if (lines[at][0] != ' ') headers.Add((at, Declare(lines, at)));
        foreach (var (line, schema) in headers) Fill(lines, line + 1, schema);
        for (at++; lines[at][0] != '#'; at++)
            if (lines[at][0] != ' ') _resources.Add(ReadResource(lines, at));
        for (at++; at < lines.Length && lines[at].Length > 0; at++) ReadColumns(lines[at].Split('\t'));
    }

    /// <summary>All built-in resources, in discovery's order.</summary>
    public IReadOnlyList<ResourceType> Resources => _resources;

    /// <summary>All types by full name, for documents about them.</summary>
    internal IReadOnlyDictionary<string, TypeSchema> Types => _types;

    /// <summary>The table, read once a process: it is immutable.</summary>
    public static TypeTable Load() => s_loaded.Value;

    /// <summary>Shape of any kind, also of those that are no resource (DeleteOptions, Status, Scale, Eviction).</summary>
    public TypeSchema? Shape(string group, string version, string kind) =>
        _kinds.GetValueOrDefault((group, version, kind));

    /// <summary>Shape of a type by its full name, such as <c>io.k8s.api.core.v1.PodSpec</c>.</summary>
    public TypeSchema? Shape(string typeName) => _types.GetValueOrDefault(typeName);

    /// <summary>Columns of the Table form; null for a kind that only has the generic ones.</summary>
    public IReadOnlyList<TableColumn>? Columns(string group, string version, string resource) =>
        _columns.GetValueOrDefault((group, version, resource));

    private static string ReadText()
    {
        using var stream = typeof(TypeTable).Assembly.GetManifestResourceStream("types.txt.br")
            ?? throw new InvalidOperationException("types.txt.br is not embedded: the build left it out");
        using var reader = new StreamReader(new BrotliStream(stream, CompressionMode.Decompress), Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private TypeSchema Declare(string[] lines, int at)
    {
        var parts = lines[at].Split('\t');
        var schema = new TypeSchema { TypeName = parts[0], Required = RequiredFields(lines, at + 1) };
        Express(schema, parts[1]);
        foreach (var part in parts.AsSpan(2))
            if (part.StartsWith("k=", StringComparison.Ordinal)) Name(part[2..].Split('/'), schema);
            else Attribute(schema, part);
        schema.PreserveUnknown = schema.Type == SchemaType.Any
            || parts[0].EndsWith(".RawExtension", StringComparison.Ordinal)
            || parts[0].EndsWith(".FieldsV1", StringComparison.Ordinal)
                || parts[0].EndsWith(".Patch", StringComparison.Ordinal);
        schema.EmbeddedResource = parts[0].EndsWith(".RawExtension", StringComparison.Ordinal);
        _types.Add(parts[0], schema);
        return schema;
    }

    private void Name(string[] kind, TypeSchema schema) => _kinds.TryAdd((kind[0], kind[1], kind[2]), schema);

    private static string[] RequiredFields(string[] lines, int at)
    {
        List<string>? required = null;
        for (; lines[at][0] == ' '; at++)
        {
            var line = lines[at];
            if (line.EndsWith("\tr", StringComparison.Ordinal) || line.Contains("\tr\t", StringComparison.Ordinal))
                (required ??= []).Add(line[1..line.IndexOf('\t')]);
        }
        return required is null ? [] : [.. required];
    }

    private void Fill(string[] lines, int at, TypeSchema owner)
    {
        for (; lines[at][0] == ' '; at++)
        {
            var parts = lines[at].Split('\t');
            owner.Properties.Add(parts[0][1..], Field(parts));
        }
    }

    private TypeSchema Field(string[] parts)
    {
        // A bare reference shares the type's own schema; attributes need a copy, which shares the fields.
        if (parts[1][0] == '@' && !HasAttributes(parts)) return _types[parts[1][1..]];
        var target = parts[1][0] == '@' ? _types[parts[1][1..]] : null;
        var field = target is null
            ? new TypeSchema()
            : new TypeSchema { Properties = target.Properties, TypeName = target.TypeName };
        if (target is null) Express(field, parts[1]);
        else CopyFacts(target, field);
        foreach (var part in parts.AsSpan(2)) Attribute(field, part);
        return field;
    }

    private static bool HasAttributes(string[] parts)
    {
        foreach (var part in parts.AsSpan(2))
            if (part != "r") return true;
        return false;
    }

    private static void CopyFacts(TypeSchema from, TypeSchema to)
    {
        to.Type = from.Type;
        to.Values = from.Values;
        to.Items = from.Items;
        to.Format = from.Format;
        to.IsAtomic = from.IsAtomic;
        to.PreserveUnknown = from.PreserveUnknown;
        to.EmbeddedResource = from.EmbeddedResource;
        to.Required = from.Required;
    }

    private void Express(TypeSchema schema, ReadOnlySpan<char> expression)
    {
        switch (expression[0])
        {
            case '[':
                schema.Type = SchemaType.Array;
                schema.Items = Element(expression[1..]);
                return;
            case '{':
                schema.Type = SchemaType.Object;
                schema.Values = Element(expression[1..]);
                return;
            case 'q':
                schema.Type = SchemaType.String;
                schema.Format = "quantity";
                return;
        }
        schema.Type = expression[0] switch
        {
            's' => SchemaType.String,
            'i' => SchemaType.Integer,
            'n' => SchemaType.Number,
            'b' => SchemaType.Boolean,
            'o' => SchemaType.Object,
            'x' => SchemaType.IntOrString,
            '?' => SchemaType.Any,
            _ => throw new InvalidDataException($"types.txt.br: unknown expression {expression}: regenerate it"),
        };
        if (expression.Length > 2) schema.Format = expression[2..].ToString();
    }

    private TypeSchema Element(ReadOnlySpan<char> expression)
    {
        if (expression[0] == '@')
            return _types.TryGetValue(expression[1..].ToString(), out var known) ? known : Forward(expression);
        var element = new TypeSchema();
        Express(element, expression);
        return element;
    }

    private static TypeSchema Forward(ReadOnlySpan<char> expression) =>
        throw new InvalidDataException($"types.txt.br: {expression} is used by a type's own expression before it is declared");

    private void Attribute(TypeSchema schema, string part)
    {
        var equals = part.IndexOf('=');
        if (equals < 0)
        {
            schema.OmitZero |= part == "z";
            schema.AlwaysPresent |= part == "a";
            return;
        }
        var value = part[(equals + 1)..];
        switch (part.AsSpan(0, equals))
        {
            case "lt":
                schema.ListKind = value switch { "map" => ListKind.Map, "set" => ListKind.Set, _ => ListKind.Atomic };
                break;
            case "lk": schema.ListMapKeys = value.Split(','); break;
            case "ps": schema.PatchStrategy = value; break;
            case "pk": schema.PatchMergeKey = value; break;
            case "mt": schema.IsAtomic = value == "atomic"; break;
            case "d": schema.Default = Parsed(value); break;
            case "e": schema.Enum = value.Split('|'); break;
        }
    }

    // 658 fields share 16 defaults.
    private JsonNode? Parsed(string json)
    {
        if (!_defaults.TryGetValue(json, out var node)) _defaults.Add(json, node = JsonNode.Parse(json));
        return node;
    }

    private ResourceType ReadResource(string[] lines, int at)
    {
        var parts = lines[at].Split('\t');
        var subresources = new Dictionary<string, SubresourceType>(StringComparer.Ordinal);
        while (lines[++at][0] == ' ')
        {
            var sub = lines[at].Split('\t');
            var name = sub[0][1..];
            subresources.Add(name, new SubresourceType(name, sub[1], sub[2], sub[3], Words(sub[4])));
        }
        return new ResourceType
        {
            Group = parts[0],
            Version = parts[1],
            Kind = parts[2],
            ListKind = parts[2] + "List",
            Resource = parts[3],
            Singular = parts[4],
            Namespaced = parts[5] == "1",
            Verbs = Words(parts[6]),
            ShortNames = Words(parts[7]),
            Categories = Words(parts[8]),
            StorageVersionHash = parts[9],
            Schema = _types[parts[10]],
            Subresources = subresources,
        };
    }

    private void ReadColumns(string[] parts) =>
        _columns.Add((parts[0], parts[1], parts[2]), [.. parts.Skip(3).Select(p => p.Split('|'))
            .Select(c => new TableColumn(c[0], c[1], c[2], int.Parse(c[3])))]);

    private static string[] Words(string list) => list.Length == 0 ? [] : list.Split(',');
}
