namespace Spillway.ApiServer.Cel;

/// <summary>One node of a parsed expression. Nodes are immutable and evaluated in place.</summary>
internal abstract class CelExpr(int offset)
{
    /// <summary>Where complaints about this node point to.</summary>
    public int Offset { get; } = offset;

    /// <summary>The value, or a <see cref="CelError"/>.</summary>
    public abstract object? Evaluate(CelFrame frame);
}

internal sealed class CelLiteral(object? value, int offset) : CelExpr(offset)
{
    public object? Value { get; } = value;

    public override object? Evaluate(CelFrame frame) => Value;
}

internal sealed class CelName(string name, int offset) : CelExpr(offset)
{
    public string Name { get; } = name;

    public override object? Evaluate(CelFrame frame)
    {
        frame.Spend();
        for (var scope = frame; scope is not null; scope = scope.Parent)
        {
            if (scope.TryGet(Name, out var value)) return value;
        }

        return CelTypeValue.Named(Name) ?? (object)new CelError($"no such attribute(s): {Name}");
    }
}

/// <summary><c>a.b</c>, <c>a.?b</c>, or inside of has(): the question whether it is there.</summary>
internal sealed class CelSelect(CelExpr target, string field, bool isOptional, bool isTest, int offset)
    : CelExpr(offset)
{
    public CelExpr Target { get; } = target;

    public string Field { get; } = field;

    public bool IsOptional { get; } = isOptional;

    public bool IsTest { get; } = isTest;

    public override object? Evaluate(CelFrame frame)
    {
        frame.Spend();
        var value = Target.Evaluate(frame);
        if (value is CelError) return value;
        if (value is CelOptional optional)
        {
            if (!optional.HasValue) return IsTest ? false : CelOptional.None;
            var inner = Select(optional.Value);
            if (IsTest) return inner is not CelError;
            return inner is CelError ? CelOptional.None : new CelOptional(inner);
        }

        var found = Select(value);
        if (IsTest) return found is CelError { IsMissing: true } ? false : found is CelError ? found : true;
        if (!IsOptional) return found;
        return found is CelError { IsMissing: true } ? CelOptional.None : found is CelError ? found
            : new CelOptional(found);
    }

    private object? Select(object? value) => value is CelMap map
        ? map.TryGet(Field, out var found) ? found : CelError.Missing(Field)
        : CelError.NoOverload;
}

internal sealed class CelIndex(CelExpr target, CelExpr key, bool isOptional, int offset) : CelExpr(offset)
{
    public CelExpr Target { get; } = target;

    public CelExpr Key { get; } = key;

    public bool IsOptional { get; } = isOptional;

    public override object? Evaluate(CelFrame frame)
    {
        frame.Spend();
        var value = Target.Evaluate(frame);
        if (value is CelError) return value;
        var key = Key.Evaluate(frame);
        if (key is CelError) return key;
        if (value is CelOptional optional)
        {
            if (!optional.HasValue) return CelOptional.None;
            var inner = At(optional.Value, key);
            return inner is CelError ? CelOptional.None : new CelOptional(inner);
        }

        var found = At(value, key);
        if (!IsOptional) return found;
        return found is CelError { IsMissing: true } ? CelOptional.None : found is CelError ? found
            : new CelOptional(found);
    }

    public static object? At(object? value, object? key)
    {
        switch (value)
        {
            case CelList list:
                long? index = key switch
                {
                    long whole => whole,
                    ulong positive when positive <= long.MaxValue => (long)positive,
                    double real when real == Math.Floor(real) => (long)real,
                    _ => null,
                };
                if (index is not { } at) return CelError.NoOverload;
                return at < 0 || at >= list.Count
                    ? new CelError($"index out of bounds: {at}") { IsMissing = true }
                    : list[(int)at];
            case CelMap map:
                return map.TryGet(key, out var found) ? found : CelError.Missing(CelText.Of(key));
            default:
                return CelError.NoOverload;
        }
    }
}

internal sealed class CelListLiteral(CelExpr[] items, bool[] optional, int offset) : CelExpr(offset)
{
    public CelExpr[] Items { get; } = items;

    public override object? Evaluate(CelFrame frame)
    {
        var values = new List<object?>(Items.Length);
        for (var i = 0; i < Items.Length; i++)
        {
            frame.Spend();
            var value = Items[i].Evaluate(frame);
            if (value is CelError) return value;
            if (!optional[i]) values.Add(value);
            else if (value is CelOptional { HasValue: true } given) values.Add(given.Value);
        }

        return new CelNativeList(values);
    }
}

internal sealed class CelMapLiteral(CelExpr[] keys, CelExpr[] values, bool[] optional, int offset) : CelExpr(offset)
{
    public CelExpr[] Keys { get; } = keys;

    public CelExpr[] Values { get; } = values;

    public override object? Evaluate(CelFrame frame)
    {
        var map = new CelNativeMap();
        for (var i = 0; i < Keys.Length; i++)
        {
            frame.Spend();
            var key = Keys[i].Evaluate(frame);
            if (key is CelError) return key;
            var value = Values[i].Evaluate(frame);
            if (value is CelError) return value;
            if (optional[i])
            {
                if (value is not CelOptional { HasValue: true } given) continue;
                value = given.Value;
            }

            if (!map.TryAdd(key, value)) return new CelError($"Failed with repeated key: {CelText.Of(key)}");
        }

        return map;
    }
}

/// <summary><c>&amp;&amp;</c> and <c>||</c>: one decided side outweighs an error on the other.</summary>
internal sealed class CelLogic(bool isAnd, CelExpr left, CelExpr right, int offset) : CelExpr(offset)
{
    public bool IsAnd { get; } = isAnd;

    public CelExpr Left { get; } = left;

    public CelExpr Right { get; } = right;

    public override object? Evaluate(CelFrame frame)
    {
        frame.Spend();
        var first = Left.Evaluate(frame);
        if (first is bool decided && decided != IsAnd) return first;
        var second = Right.Evaluate(frame);
        if (second is bool other && other != IsAnd) return second;
        if (first is bool && second is bool) return IsAnd;
        if (first is CelError) return first;
        return second is CelError ? second : CelError.NoOverload;
    }
}

internal sealed class CelChoice(CelExpr condition, CelExpr then, CelExpr otherwise, int offset) : CelExpr(offset)
{
    public CelExpr Condition { get; } = condition;

    public CelExpr Then { get; } = then;

    public CelExpr Otherwise { get; } = otherwise;

    public override object? Evaluate(CelFrame frame)
    {
        frame.Spend();
        return Condition.Evaluate(frame) switch
        {
            true => Then.Evaluate(frame),
            false => Otherwise.Evaluate(frame),
            CelError error => error,
            _ => CelError.NoOverload,
        };
    }
}

/// <summary>A call of an operator, function or method; a method's target is its first argument.</summary>
internal sealed class CelCall(string function, CelExpr[] arguments, bool isMethod, int offset) : CelExpr(offset)
{
    private readonly CelFunction? _function = CelLibrary.Find(function);

    public string Function { get; } = function;

    public CelExpr[] Arguments { get; } = arguments;

    public bool IsMethod { get; } = isMethod;

    public override object? Evaluate(CelFrame frame)
    {
        frame.Spend();
        var values = new object?[Arguments.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var value = Arguments[i].Evaluate(frame);
            if (value is CelError) return value;
            values[i] = value;
        }

        return _function is null ? CelError.NoOverload : _function(values, frame);
    }
}
