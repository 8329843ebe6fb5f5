using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Apply;

/// <summary>One entry of <c>managedFields</c>; its field set is read only when a write touches it.</summary>
internal sealed class ManagedEntry
{
    private readonly JsonObject? _raw;
    private FieldSet? _fields;
    private bool _changed;

    /// <param name="raw">Is handed out again as it is when nothing changes it and no array holds it.</param>
    public ManagedEntry(JsonObject raw)
    {
        _raw = raw;
        Manager = Text(raw, "manager");
        Operation = Text(raw, "operation");
        ApiVersion = Text(raw, "apiVersion");
        Subresource = Text(raw, "subresource");
        Time = Text(raw, "time");
    }

    public ManagedEntry(FieldWriter writer, string operation, string apiVersion)
    {
        Manager = writer.Manager;
        Operation = operation;
        ApiVersion = apiVersion;
        Subresource = writer.Subresource;
        Time = "";
        _fields = new FieldSet();
        _changed = true;
    }

    public string Manager { get; }

    public string Operation { get; }

    public string ApiVersion { get; }

    public string Subresource { get; }

    public string Time { get; private set; }

    public FieldSet Fields => _fields ??= FieldSet.Parse(_raw?["fieldsV1"] as JsonObject ?? []);

    public bool IsEmpty => _changed && Fields.IsEmpty;

    public bool IsApplyBy(FieldWriter writer) =>
        Operation == "Apply" && Manager == writer.Manager && Subresource == writer.Subresource;

    public bool IsUpdateBy(FieldWriter writer, string apiVersion) =>
        Operation == "Update" && Manager == writer.Manager && Subresource == writer.Subresource
            && ApiVersion == apiVersion;

    /// <summary>Fields that somebody else changed, or that are gone. Sets of other versions name other fields: they stay.</summary>
    public void GiveUp(FieldSet fields, string apiVersion)
    {
        if (ApiVersion != apiVersion) return;
        if (_fields is null && (_raw?["fieldsV1"] is not JsonObject own || !fields.Overlaps(own))) return;
        _changed |= Fields.Subtract(fields);
    }

    public void Take(FieldSet fields, DateTimeOffset now) => Take(fields, ManagedFields.Rfc3339(now));

    public void Take(FieldSet fields, string time)
    {
        Fields.UnionWith(fields);
        Time = time;
        _changed = true;
    }

    /// <summary>Replaces the set, keeping the time unless <paramref name="now"/> gives another.</summary>
    public void Replace(FieldSet fields, DateTimeOffset? now)
    {
        _fields = fields;
        _changed = true;
        if (now is { } time) Time = ManagedFields.Rfc3339(time);
    }

    public JsonObject ToJson()
    {
        if (!_changed && _raw is not null) return _raw.Parent is null ? _raw : _raw.DeepClone().AsObject();
        var json = new JsonObject { ["manager"] = Manager, ["operation"] = Operation, ["apiVersion"] = ApiVersion };
        if (Time.Length > 0) json["time"] = Time;
        json["fieldsType"] = "FieldsV1";
        json["fieldsV1"] = Fields.ToJson();
        if (Subresource.Length > 0) json["subresource"] = Subresource;
        return json;
    }

    /// <summary>How messages name it.</summary>
    public string Describe()
    {
        var text = $"\"{Manager}\"";
        if (Subresource.Length > 0) text += $" with subresource \"{Subresource}\"";
        return Operation == "Update" ? $"{text} using {ApiVersion}" : text;
    }

    /// <summary>The order on the wire.</summary>
    public static int Compare(ManagedEntry a, ManagedEntry b)
    {
        var order = string.CompareOrdinal(a.Operation, b.Operation);
        if (order == 0) order = string.CompareOrdinal(a.Time, b.Time);
        if (order == 0) order = string.CompareOrdinal(a.Manager, b.Manager);
        if (order == 0) order = string.CompareOrdinal(a.ApiVersion, b.ApiVersion);
        return order != 0 ? order : string.CompareOrdinal(a.Subresource, b.Subresource);
    }

    private static string Text(JsonObject raw, string name) =>
        raw[name] is JsonValue value && value.TryGetValue(out string? text) ? text : "";
}
