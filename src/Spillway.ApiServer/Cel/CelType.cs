using Spillway.ApiServer.CustomResources;

namespace Spillway.ApiServer.Cel;

internal enum CelKind { Dyn, Null, Bool, Int, Uint, Double, String, Bytes, Timestamp, Duration, List, Map, Object,
    Other }

/// <summary>What is known of a value before evaluation; Dyn where nothing is.</summary>
internal sealed record CelType(CelKind Kind)
{
    public static readonly CelType Dyn = new(CelKind.Dyn);
    public static readonly CelType Bool = new(CelKind.Bool);
    public static readonly CelType Int = new(CelKind.Int);
    public static readonly CelType Double = new(CelKind.Double);
    public static readonly CelType String = new(CelKind.String);
    public static readonly CelType DynMap = new(CelKind.Map) { Key = String, Item = Dyn };

    /// <summary>Items of a list, values of a map.</summary>
    public CelType? Item { get; init; }

    public CelType? Key { get; init; }

    /// <summary>Fields of an object, by escaped name.</summary>
    public IReadOnlyDictionary<string, CelType>? Fields { get; init; }

    /// <summary>Name in complaints about overloads.</summary>
    public string Name => Kind switch
    {
        CelKind.Null => "null",
        CelKind.List => $"list({Item?.Name ?? "dyn"})",
        CelKind.Map => $"map({Key?.Name ?? "dyn"}, {Item?.Name ?? "dyn"})",
        CelKind.Timestamp => "timestamp",
        CelKind.Duration => "duration",
        _ => Kind.ToString().ToLowerInvariant(),
    };

    public static CelType Struct(params (string Name, CelType Type)[] fields) => new(CelKind.Object)
    {
        Fields = fields.ToDictionary(f => f.Name, f => f.Type, StringComparer.Ordinal),
    };

    /// <summary>The type that a schema declares.</summary>
    public static CelType Of(StructuralSchema schema, bool isRoot = false)
    {
        if (schema.IntOrString) return Dyn;
        switch (schema.Type)
        {
            case "boolean": return Bool;
            case "integer": return Int;
            case "number": return Double;
            case "array": return new CelType(CelKind.List) { Item = schema.Items is { } items ? Of(items) : Dyn };
            case "string":
                return schema.Format switch
                {
                    "date-time" or "date" => new CelType(CelKind.Timestamp),
                    "duration" => new CelType(CelKind.Duration),
                    "byte" => new CelType(CelKind.Bytes),
                    _ => String,
                };
            case "object" when schema.Additional
                is { } values: return new CelType(CelKind.Map) { Key = String, Item = Of(values) };
            case "object" when schema.HasAdditional: return DynMap;
            case "object": return Object(schema, isRoot);
            default: return Dyn;
        }
    }

    private static CelType Object(StructuralSchema schema, bool isRoot)
    {
        var fields = new Dictionary<string, CelType>(StringComparer.Ordinal);
        foreach (var (name, property) in schema.Properties) fields[CelEscape.Escape(name)] = Of(property);
        if (isRoot || schema.Embedded)
        {
            fields["apiVersion"] = String;
            fields["kind"] = String;
            fields["metadata"] = Struct(("name", String), ("generateName", String));
        }

        return new CelType(CelKind.Object) { Fields = fields };
    }
}
