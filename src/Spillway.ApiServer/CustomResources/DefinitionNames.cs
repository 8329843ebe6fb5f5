using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>Rules of <c>spec.names</c>.</summary>
internal static class DefinitionNames
{
    public static void Validate(JsonObject names, List<FieldError> errors)
    {
        foreach (var required in new[] { "plural", "singular", "kind", "listKind" })
        {
            if ((names.Text(required) ?? "").Length == 0) errors.Add(FieldError.Required("spec.names." + required, ""));
        }

        CheckLabel("plural", mixed: false);
        CheckLabel("singular", mixed: false);
        CheckLabel("kind", mixed: true);
        CheckLabel("listKind", mixed: true);
        CheckList("shortNames");
        if ((names.Text("kind") ?? "").Length > 0 && names.Text("kind") == names.Text("listKind"))
        {
            errors.Add(FieldError.Invalid("spec.names.listKind", names.Text("listKind"),
                "kind and listKind may not be the same"));
        }

        CheckList("categories");

        void CheckLabel(string field, bool mixed)
        {
            var name = names.Text(field) ?? "";
            if (name.Length == 0) return;
            if (NameRules.Label1035(mixed ? name.ToLowerInvariant() : name) is not { } bad) return;
            errors.Add(FieldError.Invalid("spec.names." + field, name,
                mixed ? "may have mixed case, but should otherwise match: " + bad : bad));
        }

        void CheckList(string field)
        {
            var texts = names.Texts(field);
            for (var i = 0; i < texts.Length; i++)
            {
                if (NameRules.Label1035(texts[i]) is { } bad)
                    errors.Add(FieldError.Invalid($"spec.names.{field}[{i}]", texts[i], bad));
            }
        }
    }

    /// <summary>The names as status.acceptedNames shows them; empty fields are left out but plural and kind.</summary>
    public static JsonObject Accepted(JsonObject names)
    {
        var accepted = new JsonObject { ["plural"] = names.Text("plural") ?? "" };
        if (names.Text("singular") is { Length: > 0 } singular) accepted["singular"] = singular;
        if (names.List("shortNames") is { Count: > 0 } shorts) accepted["shortNames"] = shorts.DeepClone();
        accepted["kind"] = names.Text("kind") ?? "";
        if (names.Text("listKind") is { Length: > 0 } list) accepted["listKind"] = list;
        if (names.List("categories") is { Count: > 0 } categories) accepted["categories"] = categories.DeepClone();
        return accepted;
    }
}
