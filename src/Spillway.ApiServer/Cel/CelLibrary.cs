namespace Spillway.ApiServer.Cel;

/// <summary>One function, operator or method over evaluated arguments; a method's target is the first of them.</summary>
internal delegate object? CelFunction(object?[] args, CelFrame frame);

/// <summary>
/// Every function by name. Overloads share a function that looks at its arguments and answers
/// <see cref="CelError.NoOverload"/> when none fits.
/// </summary>
internal static class CelLibrary
{
    private static readonly Dictionary<string, CelFunction> Functions = Build();

    public static CelFunction? Find(string name) => Functions.GetValueOrDefault(name);

    private static Dictionary<string, CelFunction> Build()
    {
        var all = new Dictionary<string, CelFunction>(StringComparer.Ordinal);
        CelOperators.Register(all);
        CelConversions.Register(all);
        CelStrings.Register(all);
        CelLists.Register(all);
        CelKubernetes.Register(all);
        CelNetwork.Register(all);
        CelAuthorizer.Register(all);
        return all;
    }
}
