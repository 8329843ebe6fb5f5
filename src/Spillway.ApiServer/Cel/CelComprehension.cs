namespace Spillway.ApiServer.Cel;

internal enum CelMacro { All, Exists, ExistsOne, Map, Filter, TransformList, TransformMap, TransformMapEntry, OptMap,
    OptFlatMap }

/// <summary>
/// The macros over lists and maps. With one variable a map is walked by its keys; with two, lists give index and item,
/// maps key and value.
/// </summary>
internal sealed class CelComprehension(
    CelMacro macro, CelExpr range, string first, string? second, CelExpr? filter, CelExpr body) : CelExpr(range.Offset)
{
    public CelMacro Macro { get; } = macro;

    public CelExpr Range { get; } = range;

    public string First { get; } = first;

    public string? Second { get; } = second;

    public CelExpr? Filter { get; } = filter;

    public CelExpr Body { get; } = body;

    public override object? Evaluate(CelFrame frame)
    {
        var range = Range.Evaluate(frame);
        if (range is CelError) return range;
        if (Macro is CelMacro.OptMap or CelMacro.OptFlatMap) return EvaluateOptional(range, frame);
        return Macro switch
        {
            CelMacro.All => Decide(range, frame, stopsAt: false),
            CelMacro.Exists => Decide(range, frame, stopsAt: true),
            CelMacro.ExistsOne => One(range, frame),
            CelMacro.TransformMap or CelMacro.TransformMapEntry => ToMap(range, frame),
            _ => ToList(range, frame),
        };
    }

    private object? EvaluateOptional(object? range, CelFrame frame)
    {
        if (range is not CelOptional optional) return CelError.NoOverload;
        if (!optional.HasValue) return CelOptional.None;
        var result = Body.Evaluate(new CelFrame(frame, First, optional.Value));
        return result is CelError || Macro == CelMacro.OptFlatMap ? result : new CelOptional(result);
    }

    /// <summary>Like &amp;&amp; and ||: a decision outweighs errors before it.</summary>
    private object? Decide(object? range, CelFrame frame, bool stopsAt)
    {
        CelError? error = null;
        if (Steps(range) is not { } steps) return CelError.NoOverload;
        foreach (var (key, value) in steps)
        {
            frame.Spend();
            var result = Body.Evaluate(Scope(frame, key, value));
            if (result is bool decided)
            {
                if (decided == stopsAt) return decided;
            }
            else
            {
                error ??= result as CelError ?? CelError.NoOverload;
            }
        }

        return error is null ? !stopsAt : error;
    }

    private object? One(object? range, CelFrame frame)
    {
        if (Steps(range) is not { } steps) return CelError.NoOverload;
        var count = 0;
        foreach (var (key, value) in steps)
        {
            frame.Spend();
            var result = Body.Evaluate(Scope(frame, key, value));
            if (result is not bool fits) return result as CelError ?? CelError.NoOverload;
            if (fits) count++;
        }

        return count == 1;
    }

    private object? ToList(object? range, CelFrame frame)
    {
        if (Steps(range) is not { } steps) return CelError.NoOverload;
        var list = new List<object?>();
        foreach (var (key, value) in steps)
        {
            frame.Spend();
            var scope = Scope(frame, key, value);
            if (Macro == CelMacro.Filter)
            {
                var keeps = Body.Evaluate(scope);
                if (keeps is not bool keep) return keeps as CelError ?? CelError.NoOverload;
                if (keep) list.Add(Second is null ? key : value);
                continue;
            }

            var passes = Filter?.Evaluate(scope) ?? true;
            if (passes is not bool pass) return passes as CelError ?? CelError.NoOverload;
            if (!pass) continue;
            var result = Body.Evaluate(scope);
            if (result is CelError) return result;
            list.Add(result);
        }

        return new CelNativeList(list);
    }

    private object? ToMap(object? range, CelFrame frame)
    {
        if (Steps(range) is not { } steps) return CelError.NoOverload;
        var map = new CelNativeMap();
        foreach (var (key, value) in steps)
        {
            frame.Spend();
            var scope = Scope(frame, key, value);
            var passes = Filter?.Evaluate(scope) ?? true;
            if (passes is not bool pass) return passes as CelError ?? CelError.NoOverload;
            if (!pass) continue;
            var result = Body.Evaluate(scope);
            if (result is CelError) return result;
            if (Macro == CelMacro.TransformMap)
            {
                map.TryAdd(key, result);
                continue;
            }

            if (result is not CelMap entries) return CelError.NoOverload;
            foreach (var name in entries.Keys)
            {
                entries.TryGet(name, out var item);
                if (!map.TryAdd(name,
                    item)) return new CelError($"insert failed: key {CelText.Of(name)} already exists");
            }
        }

        return map;
    }

    private CelFrame Scope(CelFrame frame, object? key, object? value) => Second is null
        ? new CelFrame(frame, First, key)
        : new CelFrame(new CelFrame(frame, First, key), Second, value);

    /// <summary>With one variable the item is the key of the pair.</summary>
    private IEnumerable<(object? Key, object? Value)>? Steps(object? range) => range switch
    {
        CelList list => Second is null ? list.Select(i => (i, (object?)null))
            : list.Select((v, i) => ((object?)(long)i, v)),
        CelMap map => map.Keys.Select(k => (k, map.TryGet(k, out var v) ? v : null)),
        _ => null,
    };
}
