using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Spillway.Core.ClusterFile.Yaml;

namespace Spillway.Core.ClusterFile.Shapes;

/// <summary>One key of an object.</summary>
/// <param name="Doc">What it means, in the reference and in editors.</param>
/// <param name="Default">What leaving it out means, in words; null for nothing.</param>
internal abstract record Field(string Key, string Doc, bool Required, string? Default)
{
    public abstract Shape Shape { get; }

    /// <summary>Reads the value into the box, or leaves the key unset when it is unusable.</summary>
    public abstract void Read(YamlNode node, Problems problems, FieldValues values);
}

internal sealed record Field<T>(Shape<T> Of, string Key, string Doc, bool Required = false, string? Default = null)
    : Field(Key, Doc, Required, Default)
{
    public override Shape Shape => Of;

    public override void Read(YamlNode node, Problems problems, FieldValues values)
    {
        if (Of.TryRead(node, problems, out var value))
            values.Set(this, value);
    }
}

/// <summary>What was read of one object, for its builder.</summary>
internal sealed class FieldValues(SourcePlace place)
{
    private readonly Dictionary<string, object?> values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SourcePlace> places = new(StringComparer.Ordinal);

    private readonly HashSet<string> unreadable = new(StringComparer.Ordinal);

    public SourcePlaces Places => new(place, places, unreadable);

    public bool Has(Field field) => values.ContainsKey(field.Key);

    /// <summary>The value of a required key: builders only run when those are there.</summary>
    public T Get<T>(Field<T> field) => (T)values[field.Key]!;

    public T Or<T>(Field<T> field, T fallback) =>
        values.TryGetValue(field.Key, out var value) ? (T)value! : fallback;

    public T? Maybe<T>(Field<T> field)
        where T : class => values.TryGetValue(field.Key, out var value) ? (T)value! : null;

    public T? MaybeValue<T>(Field<T> field)
        where T : struct => values.TryGetValue(field.Key, out var value) ? (T)value! : null;

    public void Set<T>(Field<T> field, T value) => values[field.Key] = value;

    public void Mark(string key, SourcePlace valuePlace) => places[key] = valuePlace;

    public void MarkUnreadable(string key) => unreadable.Add(key);
}

/// <summary>An object's description without its record: for the reference and the schema.</summary>
internal sealed record ObjectOutline(string Name, string Doc, IReadOnlyList<Field> Fields, bool ExactlyOne);

/// <summary>A mapping with known keys, read into a record.</summary>
internal sealed class ObjectShape<T>(string name, string doc, Func<FieldValues, T> build, params Field[] fields)
    : Shape<T>
{
    /// <summary>Keys of which exactly one must be given; empty for most objects.</summary>
    public IReadOnlyList<Field> ExactlyOne { get; init; } = [];

    public ObjectOutline Outline => new(name, doc, fields, ExactlyOne.Count > 0);

    public override string Words => $"[{name}](#{name.ToLowerInvariant()})";

    public override bool TryRead(YamlNode node, Problems problems, [MaybeNullWhen(false)] out T value)
    {
        value = default;
        if (node is YamlScalar { IsNull: true })
            node = new YamlMapping(node.Place, []);
        if (node is not YamlMapping mapping)
        {
            problems.Error(DiagnosticCodes.WrongType, node.Place,
                $"a mapping with {Some(fields)} is needed here, not {node.Describe()}");
            return false;
        }

        var values = new FieldValues(mapping.Place);
        foreach (var entry in mapping.Entries)
            ReadEntry(entry, problems, values);
        if (!HasRequired(mapping, problems, values))
            return false;
        value = build(values);
        return true;
    }

    public override JsonObject Schema() => new() { ["$ref"] = $"#/$defs/{name}" };

    public override IEnumerable<ObjectOutline> Objects()
    {
        yield return Outline;
        foreach (var field in fields)
        {
            foreach (var inner in field.Shape.Objects())
                yield return inner;
        }
    }

    private void ReadEntry(YamlEntry entry, Problems problems, FieldValues values)
    {
        var field = Array.Find(fields, candidate => candidate.Key == entry.Key);
        if (field is null)
        {
            var close = problems.Full
                ? null
                : Spelling.Closest(entry.Key, fields.Select(candidate => candidate.Key));
            problems.Error(DiagnosticCodes.UnknownKey, entry.KeyPlace,
                $"unknown key '{entry.Key}' in {name}",
                close is null
                    ? $"known keys: {string.Join(", ", fields.Select(known => known.Key))}"
                    : $"did you mean '{close}'?");
            return;
        }

        values.Mark(entry.Key, entry.Value.Place);

        // "key:" with nothing after it is as if the key were not there, as in Kubernetes; but {simulated: } chooses.
        if (entry.Value is YamlScalar { IsNull: true } && !ExactlyOne.Contains(field))
            return;
        var before = problems.Errors;
        field.Read(entry.Value, problems, values);
        if (problems.Errors > before)
            values.MarkUnreadable(entry.Key);
    }

    private bool HasRequired(YamlMapping mapping, Problems problems, FieldValues values)
    {
        var complete = true;
        foreach (var field in fields.Where(field => field.Required && !values.Has(field)))
        {
            complete = false;
            // A value that was there and wrong has been reported where it stands.
            var given = mapping.Find(field.Key);
            if (given is null or { Value: YamlScalar { IsNull: true } })
                problems.Error(DiagnosticCodes.MissingKey, given?.KeyPlace ?? mapping.Place,
                    $"'{field.Key}' is missing in {name}", $"add {field.Key}: {field.Doc.TrimEnd('.')}");
        }

        if (ExactlyOne.Count == 0)
            return complete;
        var chosen = ExactlyOne.Count(field => mapping.Find(field.Key) is not null);
        if (chosen != 1)
        {
            problems.Error(DiagnosticCodes.NotExactlyOne, mapping.Place,
                $"{name} needs exactly one of {string.Join(", ", ExactlyOne.Select(field => field.Key))}, "
                + (chosen == 0 ? "and has none" : $"and has {chosen}"));
            return false;
        }

        return complete && ExactlyOne.Any(values.Has);
    }

    private static string Some(Field[] fields) =>
        string.Join(", ", fields.Take(3).Select(field => field.Key)) + (fields.Length > 3 ? ", …" : "");
}
