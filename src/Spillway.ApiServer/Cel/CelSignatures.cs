namespace Spillway.ApiServer.Cel;

/// <summary>What functions and operators give for which types.</summary>
internal static class CelSignatures
{
    private static readonly string[] TextMethods =
        ["contains", "startsWith", "endsWith", "matches", "lowerAscii", "upperAscii", "charAt", "substring", "replace",
            "find", "split"];

    private static readonly string[] Tests =
    [
        "isSorted", "isQuantity", "isURL", "isIP", "isCIDR", "isSemver", "isInteger", "isLessThan", "isGreaterThan",
        "containsIP", "containsCIDR", "sets.contains", "sets.equivalent", "sets.intersects", "hasValue", "allowed",
        "isLoopback", "isUnspecified", "isGlobalUnicast", "ip.isCanonical",
    ];

    private static readonly string[] Whole =
        ["indexOf", "lastIndexOf", "compareTo", "sign", "asInteger", "family", "prefixLength", "major", "minor",
            "patch"];

    /// <summary>The result's type; null when no overload can fit.</summary>
    public static CelType? Result(string function, bool isMethod, CelType[] args)
    {
        switch (function)
        {
            case "_==_" or "_!=_": return CelChecker.Fit(args[0], args[1]) ? CelType.Bool : null;
            case "_<_" or "_<=_" or "_>_" or "_>=_": return Ordered(args) ? CelType.Bool : null;
            case "_+_" or "_-_" or "_*_" or "_/_" or "_%_": return Arithmetic(function, args[0], args[1]);
            case "!_": return CelChecker.Fit(CelType.Bool, args[0]) ? CelType.Bool : null;
            case "-_": return args[0].Kind is CelKind.Int or CelKind.Double or CelKind.Dyn or CelKind.Other ? args[0]
                : null;
            case "@in": return args[1].Kind is CelKind.List or CelKind.Map or CelKind.Dyn or CelKind.Other
                ? CelType.Bool : null;
            case "size":
                return args is [{ Kind: CelKind.String or CelKind.Bytes or CelKind.List or CelKind.Map or CelKind.Dyn
                    or CelKind.Other }]
                    ? CelType.Int
                    : null;
            case "int": return CelType.Int;
            case "uint": return new CelType(CelKind.Uint);
            case "double" or "asApproximateFloat": return CelType.Double;
            case "string": return CelType.String;
            case "bytes": return new CelType(CelKind.Bytes);
            case "bool": return CelType.Bool;
            case "timestamp": return new CelType(CelKind.Timestamp);
            case "duration": return new CelType(CelKind.Duration);
            case "join" or "format": return CelType.String;
            case "sum" or "min" or "max": return args is [{ Kind: CelKind.List }] ? args[0].Item ?? CelType.Dyn
                : CelType.Dyn;
        }

        if (isMethod && TextMethods.Contains(function)) return Text(function, args);
        if (Tests.Contains(function)) return CelType.Bool;
        if (Whole.Contains(function)) return CelType.Int;
        return function.StartsWith("get", StringComparison.Ordinal)
            && args[0].Kind is CelKind.Timestamp or CelKind.Duration
            ? CelType.Int
            : new CelType(CelKind.Other);
    }

    private static CelType? Text(string function, CelType[] args)
    {
        if (args[0].Kind is not (CelKind.String or CelKind.Dyn or CelKind.Other)) return null;
        return function switch
        {
            "contains" or "startsWith" or "endsWith" or "matches" =>
                args.Length == 2 && CelChecker.Fit(CelType.String, args[1]) ? CelType.Bool : null,
            "split" => new CelType(CelKind.List) { Item = CelType.String },
            _ => CelType.String,
        };
    }

    private static bool Ordered(CelType[] args)
    {
        if (args[0].Kind is CelKind.Int or CelKind.Uint or CelKind.Double
            && args[1].Kind is CelKind.Int or CelKind.Uint or CelKind.Double) return true;
        if (!CelChecker.Fit(args[0], args[1])) return false;
        return args[0].Kind is not (CelKind.List or CelKind.Map or CelKind.Object or CelKind.Null);
    }

    private static CelType? Arithmetic(string sign, CelType a, CelType b)
    {
        if (a.Kind is CelKind.Dyn or CelKind.Other) return CelType.Dyn;
        if (b.Kind is CelKind.Dyn or CelKind.Other) return a.Kind is CelKind.Bool or CelKind.Object ? null
            : CelType.Dyn;
        return (sign, a.Kind, b.Kind) switch
        {
            (_, CelKind.Int, CelKind.Int) or (_, CelKind.Uint, CelKind.Uint) => a,
            (not "_%_", CelKind.Double, CelKind.Double) => a,
            ("_+_", CelKind.String, CelKind.String) or ("_+_", CelKind.Bytes, CelKind.Bytes) => a,
            ("_+_", CelKind.List, CelKind.List) =>
                a.Item?.Kind == b.Item?.Kind ? a : new CelType(CelKind.List) { Item = CelType.Dyn },
            ("_+_" or "_-_", CelKind.Timestamp, CelKind.Duration) or ("_+_", CelKind.Duration, CelKind.Timestamp) =>
                new CelType(CelKind.Timestamp),
            ("_+_" or "_-_", CelKind.Duration, CelKind.Duration) or ("_-_", CelKind.Timestamp, CelKind.Timestamp) =>
                new CelType(CelKind.Duration),
            _ => null,
        };
    }
}
