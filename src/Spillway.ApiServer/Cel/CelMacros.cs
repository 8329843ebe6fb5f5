namespace Spillway.ApiServer.Cel;

/// <summary>The calls that take expressions rather than values.</summary>
internal static class CelMacros
{
    public static CelExpr Has(CelExpr[] arguments, int offset)
    {
        if (arguments is [CelSelect { IsTest: false } select])
            return new CelSelect(select.Target, select.Field, select.IsOptional, isTest: true, select.Offset);
        throw new CelSyntaxException("invalid argument to has() macro", arguments.Length > 0 ? arguments[0].Offset
            : offset);
    }

    /// <summary>Null for a call that is no macro.</summary>
    public static CelExpr? Expand(CelExpr target, string name, CelExpr[] arguments, int offset)
    {
        switch (name, arguments.Length)
        {
            case ("all", 2): return One(CelMacro.All);
            case ("all", 3): return Two(CelMacro.All, hasFilter: false);
            case ("exists", 2): return One(CelMacro.Exists);
            case ("exists", 3): return Two(CelMacro.Exists, hasFilter: false);
            case ("exists_one" or "existsOne", 2): return One(CelMacro.ExistsOne);
            case ("exists_one" or "existsOne", 3): return Two(CelMacro.ExistsOne, hasFilter: false);
            case ("filter", 2): return One(CelMacro.Filter);
            case ("map", 2): return One(CelMacro.Map);
            case ("map", 3): return new CelComprehension(CelMacro.Map, target, Variable(0), null, arguments[1],
                arguments[2]);
            case ("transformList", 3): return Two(CelMacro.TransformList, hasFilter: false);
            case ("transformList", 4): return Two(CelMacro.TransformList, hasFilter: true);
            case ("transformMap", 3): return Two(CelMacro.TransformMap, hasFilter: false);
            case ("transformMap", 4): return Two(CelMacro.TransformMap, hasFilter: true);
            case ("transformMapEntry", 3): return Two(CelMacro.TransformMapEntry, hasFilter: false);
            case ("transformMapEntry", 4): return Two(CelMacro.TransformMapEntry, hasFilter: true);
            case ("optMap", 2): return One(CelMacro.OptMap);
            case ("optFlatMap", 2): return One(CelMacro.OptFlatMap);
            default: return null;
        }

        CelComprehension One(CelMacro macro) => new(macro, target, Variable(0), null, null, arguments[1]);

        CelComprehension Two(CelMacro macro, bool hasFilter) =>
            new(macro, target, Variable(0), Variable(1), hasFilter ? arguments[2] : null, arguments[^1]);

        string Variable(int index) => arguments[index] is CelName variable
            ? variable.Name
            : throw new CelSyntaxException("argument must be a simple name", arguments[index].Offset is var at and > 0
                ? at : offset);
    }
}
