namespace Spillway.ApiServer.Cel;

/// <summary>
/// Finds what can be known to be wrong before evaluation: unknown variables, functions and fields, and operators between
/// types that never fit. Where types are not known it stays silent.
/// </summary>
internal sealed class CelChecker(IReadOnlyDictionary<string, CelType> variables)
{
    private static readonly HashSet<string> TypeNames =
        new(StringComparer.Ordinal) { "bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type",
            "uint" };

    private readonly List<(string Name, CelType Type)> _scope = [];
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    public List<(string Message, int Offset)> Complaints { get; } = [];

    public IReadOnlySet<string> Used => _used;

    public CelType Infer(CelExpr node) => node switch
    {
        CelLiteral literal => OfValue(literal.Value),
        CelName name => Name(name),
        CelSelect select => Select(select),
        CelIndex index => Index(index),
        CelListLiteral list => new CelType(CelKind.List) { Item = Common([.. list.Items.Select(Infer)]) },
        CelMapLiteral map => MapLiteral(map),
        CelLogic logic => Logic(logic),
        CelChoice choice => Choice(choice),
        CelComprehension walk => Walk(walk),
        CelCall call => Call(call),
        _ => CelType.Dyn,
    };

    private void Complain(string message, int offset) => Complaints.Add((message, offset));

    private static CelType OfValue(object? value) => value switch
    {
        null => new CelType(CelKind.Null),
        bool => CelType.Bool,
        long => CelType.Int,
        ulong => new CelType(CelKind.Uint),
        double => CelType.Double,
        string => CelType.String,
        byte[] => new CelType(CelKind.Bytes),
        _ => CelType.Dyn,
    };

    private CelType Name(CelName node)
    {
        for (var i = _scope.Count - 1; i >= 0; i--)
        {
            if (_scope[i].Name == node.Name) return _scope[i].Type;
        }

        if (variables.TryGetValue(node.Name, out var type))
        {
            _used.Add(node.Name);
            return type;
        }

        if (TypeNames.Contains(node.Name)) return new CelType(CelKind.Other);
        Complain($"undeclared reference to '{node.Name}' (in container '')", node.Offset);
        return CelType.Dyn;
    }

    private CelType Select(CelSelect node)
    {
        var target = Infer(node.Target);
        var field = CelType.Dyn;
        switch (target.Kind)
        {
            case CelKind.Object when target.Fields is { } fields:
                if (!fields.TryGetValue(node.Field, out var known))
                    Complain($"undefined field '{node.Field}'", node.Offset);
                field = known ?? CelType.Dyn;
                break;
            case CelKind.Map:
                field = target.Item ?? CelType.Dyn;
                break;
            case CelKind.Dyn or CelKind.Other or CelKind.Object:
                break;
            default:
                Complain($"type '{target.Name}' does not support field selection", node.Offset);
                break;
        }

        return node.IsTest ? CelType.Bool : node.IsOptional ? new CelType(CelKind.Other) : field;
    }

    private CelType Index(CelIndex node)
    {
        var target = Infer(node.Target);
        var key = Infer(node.Key);
        if (node.IsOptional) return new CelType(CelKind.Other);
        switch (target.Kind)
        {
            case CelKind.List:
                if (key.Kind is not (CelKind.Int or CelKind.Uint or CelKind.Dyn or CelKind.Double)) Overload("_[_]",
                    node.Offset, target, key);
                return target.Item ?? CelType.Dyn;
            case CelKind.Map:
                if (!Fit(target.Key ?? CelType.Dyn, key)) Overload("_[_]", node.Offset, target, key);
                return target.Item ?? CelType.Dyn;
            case CelKind.Dyn or CelKind.Other or CelKind.Object:
                return CelType.Dyn;
            default:
                Overload("_[_]", node.Offset, target, key);
                return CelType.Dyn;
        }
    }

    private CelType MapLiteral(CelMapLiteral map)
    {
        var keys = map.Keys.Select(Infer).ToArray();
        return new CelType(CelKind.Map) { Key = Common(keys), Item = Common([.. map.Values.Select(Infer)]) };
    }

    private CelType Logic(CelLogic node)
    {
        var (left, right) = (Infer(node.Left), Infer(node.Right));
        if (!Fit(CelType.Bool, left)
            || !Fit(CelType.Bool, right)) Overload(node.IsAnd ? "_&&_" : "_||_", node.Offset, left, right);
        return CelType.Bool;
    }

    private CelType Choice(CelChoice node)
    {
        var condition = Infer(node.Condition);
        var (then, otherwise) = (Infer(node.Then), Infer(node.Otherwise));
        if (!Fit(CelType.Bool, condition)) Overload("_?_:_", node.Offset, condition, then, otherwise);
        return Common([then, otherwise]);
    }

    private CelType Walk(CelComprehension node)
    {
        var range = Infer(node.Range);
        if (node.Macro is CelMacro.OptMap or CelMacro.OptFlatMap) range = CelType.Dyn;
        else if (range.Kind is not (CelKind.List or CelKind.Map or CelKind.Dyn or CelKind.Other))
            Complain($"expression of type '{range.Name}' cannot be range of a comprehension (must be list, map, or dynamic)", node.Offset);
        var item = range.Item ?? CelType.Dyn;
        var isMap = range.Kind == CelKind.Map;
        var first = node.Second is not null
            ? isMap ? range.Key ?? CelType.Dyn : range.Kind == CelKind.List ? CelType.Int : CelType.Dyn
            : isMap ? range.Key ?? CelType.Dyn : item;
        _scope.Add((node.First, first));
        if (node.Second is { } second) _scope.Add((second, item));
        if (node.Filter is { } filter) Infer(filter);
        var body = Infer(node.Body);
        _scope.RemoveRange(_scope.Count - (node.Second is null ? 1 : 2), node.Second is null ? 1 : 2);
        switch (node.Macro)
        {
            case CelMacro.All or CelMacro.Exists or CelMacro.ExistsOne:
                if (!Fit(CelType.Bool, body)) Complain($"found no matching overload for '_&&_' applied to '(bool, {body.Name})'", node.Body.Offset);
                return CelType.Bool;
            case CelMacro.Filter: return new CelType(CelKind.List) { Item = isMap ? range.Key : item };
            case CelMacro.Map or CelMacro.TransformList: return new CelType(CelKind.List) { Item = body };
            case CelMacro.TransformMap: return new CelType(CelKind.Map) { Key = first, Item = body };
            default: return CelType.Dyn;
        }
    }

    private CelType Call(CelCall node)
    {
        var arguments = node.Arguments.Select(Infer).ToArray();
        if (CelLibrary.Find(node.Function) is null)
        {
            Complain($"undeclared reference to '{node.Function}' (in container '')", node.Offset);
            return CelType.Dyn;
        }

        if (CelSignatures.Result(node.Function, node.IsMethod, arguments) is { } result) return result;
        if (node.IsMethod)
        {
            var rest = string.Join(", ", arguments.Skip(1).Select(a => a.Name));
            Complain($"found no matching overload for '{node.Function}' applied to '{arguments[0].Name}.({rest})'", node.Offset);
        }
        else
        {
            Overload(node.Function, node.Offset, arguments);
        }

        return CelType.Dyn;
    }

    private void Overload(string function, int offset, params CelType[] types) => Complain(
        $"found no matching overload for '{function}' applied to '({string.Join(", ", types.Select(t => t.Name))})'", offset);

    /// <summary>True unless the two are known to differ.</summary>
    public static bool Fit(CelType a, CelType b) =>
        a.Kind is CelKind.Dyn or CelKind.Other || b.Kind is CelKind.Dyn or CelKind.Other || a.Kind == b.Kind
        || (a.Kind == CelKind.Null && b.Kind is CelKind.Object or CelKind.Null)
        || (b.Kind == CelKind.Null && a.Kind is CelKind.Object or CelKind.Null);

    private static CelType Common(CelType[] types)
    {
        if (types.Length == 0) return CelType.Dyn;
        return types.All(t => t.Kind == types[0].Kind) ? types[0] : CelType.Dyn;
    }
}
