using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Cel;

namespace Spillway.ApiServer.CustomResources;

/// <summary>The CEL rules of a schema: compiled when the definition comes, run on every write.</summary>
internal sealed class SchemaCel
{
    /// <summary>Compiled rules live as long as the schema they belong to.</summary>
    private static readonly ConditionalWeakTable<StructuralSchema, CompiledRule[]> s_compiled = [];

    private readonly CelBudget _budget = new(CelBudget.PerObject);
    private readonly List<FieldError> _errors;
    private readonly List<string> _warnings;

    private SchemaCel(List<FieldError> errors, List<string> warnings)
    {
        _errors = errors;
        _warnings = warnings;
    }

    /// <summary>One rule, ready to run; <see cref="Error"/> says why it is not.</summary>
    private sealed record CompiledRule(ValidationRule Rule, CelProgram? Program, CelProgram? Message, string? Error,
        string? MessageError)
    {
        public bool IsTransition => Program?.Names.Contains("oldSelf") == true;
    }

    /// <summary>Complaints about rules of a new definition.</summary>
    public static void CheckRules(StructuralSchema schema, string path, List<FieldError> errors) =>
        CheckRules(schema, path, isRoot: true, errors);

    private static void CheckRules(StructuralSchema schema, string path, bool isRoot, List<FieldError> errors)
    {
        if (!schema.HasRulesBelow) return;
        var index = 0;
        foreach (var rule in Compile(schema, isRoot))
        {
            var at = $"{path}.x-kubernetes-validations[{index++}]";
            if (rule.Error is { } error) errors.Add(About(rule.Rule, at + ".rule", error));
            if (rule.MessageError is { } wrong) errors.Add(About(rule.Rule, at + ".messageExpression", wrong));
        }

        if (schema.Items is { } items) CheckRules(items, path + ".items", isRoot: false, errors);
        foreach (var (name, property) in schema.Properties)
            CheckRules(property, $"{path}.properties[{name}]", isRoot: false, errors);
        if (schema.Additional is { } values) CheckRules(values, path + ".additionalProperties", isRoot: false, errors);
    }

    private static FieldError About(ValidationRule rule, string field, string detail) =>
        new("FieldValueInvalid", $"Invalid value: {GoDump.Text(GoDump.Rule(rule))}: {detail}", field);

    private static CompiledRule[] Compile(StructuralSchema schema, bool isRoot)
    {
        if (schema.Rules.Length == 0) return [];
        return s_compiled.GetValue(schema, s => [.. s.Rules.Select(r => Compile(r, CelType.Of(s, isRoot)))]);
    }

    private static CompiledRule Compile(ValidationRule rule, CelType self)
    {
        var old = rule.OptionalOldSelf == true ? CelType.Dyn : self;
        var variables = new Dictionary<string, CelType>(StringComparer.Ordinal) { ["self"] = self, ["oldSelf"] = old };
        var (program, error) = CelProgram.Compile(rule.Rule, variables);
        if (error is not null) error = "compilation failed: " + error;
        else if (!CelChecker.Fit(CelType.Bool, program!.Type)) error = "cel expression must evaluate to a bool";
        if (rule.MessageExpression.Length == 0) return new CompiledRule(rule, program, null, error, null);
        var (message, messageError) = CelProgram.Compile(rule.MessageExpression, variables);
        if (messageError is not null) messageError = "messageExpression compilation failed: " + messageError;
        else if (!CelChecker.Fit(CelType.String, message!.Type)) messageError =
            "messageExpression must evaluate to a string";
        return new CompiledRule(rule, program, message, error, messageError);
    }

    /// <summary>Runs the rules; those that failed before on an unchanged value only warn.</summary>
    public static void Validate(
        StructuralSchema schema, JsonObject item, JsonObject? old, List<FieldError> errors, List<string> warnings)
    {
        var run = new SchemaCel(errors, warnings);
        try
        {
            run.Walk(schema, item, old is null ? default : Correlated.With(old), "", isRoot: true);
        }
        catch (CelBudgetException)
        {
            errors.Add(new FieldError("FieldValueInvalid",
                "Invalid value: \"object\": validation failed due to running out of cost budget, no further validation "
                + "rules will be run", SchemaValidator.NoField));
        }
    }

    private void Walk(StructuralSchema schema, JsonNode? value, Correlated old, string path, bool isRoot = false)
    {
        if (!schema.HasRulesBelow || value is null) return;
        foreach (var rule in Compile(schema, isRoot)) Run(rule, schema, value, old, path);
        switch (value)
        {
            case JsonObject map:
                foreach (var (name, property) in schema.Properties)
                {
                    if (property.HasRulesBelow && map.TryGetPropertyValue(name, out var child))
                        Walk(property, child, old.Field(name), path.Length == 0 ? name : path + "." + name);
                }

                if (schema.Additional is not { HasRulesBelow: true } values) break;
                foreach (var (name, child) in map.OrderBy(p => p.Key, StringComparer.Ordinal))
                    Walk(values, child, old.Field(name), $"{path}[{name}]");
                break;
            case JsonArray list when schema.Items is { HasRulesBelow: true } items:
                for (var i = 0; i < list.Count; i++)
                    Walk(items, list[i], old.Item(schema, list[i]),
                        $"{path}[{i.ToString(CultureInfo.InvariantCulture)}]");
                break;
        }
    }

    private void Run(CompiledRule rule, StructuralSchema schema, JsonNode value, Correlated old, string path)
    {
        var isOptional = rule.Rule.OptionalOldSelf == true;
        // A rule about change says nothing about what is new.
        if (rule.Program is not { } program || (rule.IsTransition && !old.Exists && !isOptional)) return;
        var result = Evaluate(program, schema, value, old, isOptional, path, rule);
        if (result is true or BudgetSpent) return;
        if (result is CelError error)
        {
            var text = error.Message.StartsWith("no such overload", StringComparison.Ordinal)
                ? $"'{error.Message}': call arguments did not match a supported operator, function or macro signature for rule: {Name(rule.Rule)}"
                : $"{error.Message} evaluating rule: {Name(rule.Rule)}";
            _errors.Add(FieldError.Invalid(At(path), SchemaValidator.JsonTypeName(value), text));
            return;
        }

        var failure = Failure(rule, schema, value, old, isOptional, path);
        if (!rule.IsTransition && old.IsSame(value)) _warnings.Add(failure.ToString());
        else _errors.Add(failure);
    }

    private sealed record BudgetSpent;

    private object? Evaluate(
        CelProgram program, StructuralSchema schema, JsonNode value, Correlated old, bool isOptional, string path,
            CompiledRule rule)
    {
        var budget = new CelBudget(Math.Min(CelBudget.PerCall, _budget.Left));
        var before = budget.Left;
        try
        {
            return program.Evaluate(budget, name => name switch
            {
                "self" => (true, CelJson.Wrap(value, schema)),
                "oldSelf" when isOptional =>
                    (true, old.Exists ? new CelOptional(CelJson.Wrap(old.Value, schema)) : CelOptional.None),
                "oldSelf" => (true, CelJson.Wrap(old.Value, schema)),
                _ => (false, null),
            });
        }
        catch (CelBudgetException e)
        {
            _errors.Add(FieldError.Invalid(At(path), SchemaValidator.JsonTypeName(value),
                $"'{e.Message}': no further validation rules will be run due to call cost exceeds limit for rule: {Name(rule.Rule)}"));
            return new BudgetSpent();
        }
        finally
        {
            _budget.Spend(before - Math.Max(0, budget.Left));
        }
    }

    private FieldError Failure(
        CompiledRule rule, StructuralSchema schema, JsonNode value, Correlated old, bool isOptional, string path)
    {
        var message = rule.Rule.Message.Trim();
        if (rule.Message is { } expression
            && Evaluate(expression, schema, value, old, isOptional, path, rule) is string text
            && text.Trim().Length > 0 && text.Length <= 5 * 1024 && text.AsSpan().IndexOfAny('\n', '\r') < 0)
            message = text.Trim();
        if (message.Length == 0) message = "failed rule: " + Name(rule.Rule);
        var field = rule.Rule.FieldPath is { Length: > 0 } below
            ? path.Length == 0 ? below.TrimStart('.') : path + below
            : At(path);
        JsonNode shown = value is JsonValue ? value : SchemaValidator.JsonTypeName(value);
        return rule.Rule.Reason switch
        {
            "FieldValueForbidden" => FieldError.Forbidden(field, message),
            "FieldValueRequired" => FieldError.Required(field, message),
            "FieldValueDuplicate" => FieldError.Duplicate(field, shown),
            _ => FieldError.Invalid(field, shown, message),
        };
    }

    private static string At(string path) => path.Length == 0 ? SchemaValidator.NoField : path;

    private static string Name(ValidationRule rule) =>
        rule.Message.Length > 0 ? rule.Message.Trim() : rule.Rule.Trim();
}
