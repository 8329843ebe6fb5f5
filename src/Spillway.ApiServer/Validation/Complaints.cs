using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Validation;

/// <summary>Collects what is wrong with an object, in the order the real server reports it.</summary>
internal sealed class Complaints
{
    public List<FieldError> Errors { get; } = [];

    public void Invalid(string field, JsonNode? value, string detail) =>
        Errors.Add(FieldError.Invalid(field, value, detail));

    public void Invalid(string field, string value, IEnumerable<string> details)
    {
        foreach (var detail in details) Invalid(field, value, detail);
    }

    public void Invalid(string field, string value, string detail) => Invalid(field, JsonValue.Create(value), detail);

    public void Required(string field, string detail = "") => Errors.Add(FieldError.Required(field, detail));

    public void Forbidden(string field, string detail) => Errors.Add(FieldError.Forbidden(field, detail));

    public void Duplicate(string field, string value) =>
        Errors.Add(FieldError.Duplicate(field, JsonValue.Create(value)));

    public void NotFound(string field, string value) =>
        Errors.Add(new FieldError("FieldValueNotFound", $"Not found: \"{value}\"", field));

    public void TooLong(string field, int bytes) =>
        Errors.Add(new FieldError("FieldValueTooLong", $"Too long: may not be more than {bytes} bytes", field));

    public void TooMany(string field, int actual, int most) =>
        Errors.Add(new FieldError("FieldValueTooMany", $"Too many: {actual}: must have at most {most} items", field));

    /// <summary>Complains unless the value is one of those, in the real server's order: sorted, or as its code has them.</summary>
    public void OneOf(string field, string value, params ReadOnlySpan<string> supported)
    {
        if (!supported.Contains(value))
            Errors.Add(FieldError.NotSupported(field, JsonValue.Create(value), [.. supported]));
    }

    public void NonNegative(string field, long? value)
    {
        if (value < 0) Invalid(field, JsonValue.Create(value), "must be greater than or equal to 0");
    }

    public void Immutable(string field, JsonNode? value, JsonNode? old)
    {
        if (!JsonNode.DeepEquals(value, old)) Invalid(field, value?.DeepClone(), "field is immutable");
    }
}
