using System.Text.RegularExpressions;
using Spillway.ApiServer.CustomResources;

namespace Spillway.ApiServer.Cel;

/// <summary>Kubernetes' own functions: quantities, URLs, formats and semantic versions.</summary>
internal static partial class CelKubernetes
{
    public static void Register(Dictionary<string, CelFunction> all)
    {
        RegisterQuantities(all);
        RegisterUrls(all);
        RegisterFormats(all);
        RegisterVersions(all);
    }

    private static void RegisterQuantities(Dictionary<string, CelFunction> all)
    {
        all["quantity"] = (a, _) => a[0] is string text
            ? Quantity.TryParse(text, out var quantity)
                ? quantity
                : new CelError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
            : CelError.NoOverload;
        all["isQuantity"] = (a, _) =>
            a[0] is string text ? Quantity.TryParse(text, out Quantity ignored) : CelError.NoOverload;
        all["sign"] = (a, _) => a[0] is Quantity q ? (long)q.Sign : CelError.NoOverload;
        all["isInteger"] = (a, _) => a[0] is Quantity q ? q.IsInteger : CelError.NoOverload;
        all["asInteger"] = (a, _) => a[0] is Quantity q
            ? q.IsInteger && q.Value <= long.MaxValue && q.Value >= long.MinValue
                ? (long)q.Value
                : new CelError("cannot convert value to integer")
            : CelError.NoOverload;
        all["asApproximateFloat"] = (a, _) => a[0] is Quantity q ? (double)q.MilliValue / 1000 : CelError.NoOverload;
        all["add"] = (a, _) => Arithmetic(a, (x, y) => x + y);
        all["sub"] = (a, _) => Arithmetic(a, (x, y) => x - y);
        all["isLessThan"] = (a, _) => Order(a) is { } order ? order < 0 : CelError.NoOverload;
        all["isGreaterThan"] = (a, _) => Order(a) is { } order ? order > 0 : CelError.NoOverload;
        all["compareTo"] = (a, _) => Order(a) is { } order ? (long)Math.Sign(order) : CelError.NoOverload;
    }

    private static object Arithmetic(object?[] args, Func<Quantity, Quantity, Quantity> apply) => args switch
    {
        [Quantity a, Quantity b] => apply(a, b),
        [Quantity a, long b] => apply(a, Quantity.Of(b)),
        _ => CelError.NoOverload,
    };

    private static int? Order(object?[] args) => args switch
    {
        [Quantity a, Quantity b] => a.CompareTo(b),
        [CelVersion a, CelVersion b] => a.CompareTo(b),
        _ => null,
    };

    private static void RegisterUrls(Dictionary<string, CelFunction> all)
    {
        all["url"] = (a, _) => a[0] is string text
            ? Uri.TryCreate(text, UriKind.Absolute, out var uri) && text.Contains(':', StringComparison.Ordinal)
                ? uri
                : new CelError("URL parse error during conversion from string: parse "
                    + $"\"{text}\": invalid URI for request")
            : CelError.NoOverload;
        all["isURL"] = (a, _) =>
            a[0] is string text ? Uri.TryCreate(text, UriKind.Absolute, out Uri? ignored) : CelError.NoOverload;
        all["getScheme"] = (a, _) => a[0] is Uri u ? u.Scheme : CelError.NoOverload;
        all["getHost"] = (a, _) => a[0] is Uri u ? u.IsDefaultPort && !HasPort(u) ? u.Host : $"{u.Host}:{u.Port}" : CelError.NoOverload;
        all["getHostname"] = (a, _) => a[0] is Uri u ? u.Host.Trim('[', ']') : CelError.NoOverload;
        all["getPort"] = (a, _) => a[0] is Uri u
            ? u.IsDefaultPort && !HasPort(u) ? "" : u.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)
            : CelError.NoOverload;
        all["getEscapedPath"] = (a, _) => a[0] is Uri u
            ? u.AbsolutePath == "/" && !u.OriginalString.EndsWith('/') ? "" : u.AbsolutePath
            : CelError.NoOverload;
        all["getQuery"] = (a, _) => a[0] is Uri u ? ReadQuery(u) : CelError.NoOverload;
    }

    private static bool HasPort(Uri uri) => uri.OriginalString.Contains($":{uri.Port}", StringComparison.Ordinal);

    private static CelNativeMap ReadQuery(Uri uri)
    {
        var groups = new CelNativeMap();
        var pairs = uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(p =>
            p.Split('=', 2));
        foreach (var group in pairs.GroupBy(p => Uri.UnescapeDataString(p[0])))
        {
            var values = group.Select(p =>
                (object?)(p.Length > 1 ? Uri.UnescapeDataString(p[1].Replace('+', ' ')) : "")).ToList();
            groups.TryAdd(group.Key, new CelNativeList(values));
        }

        return groups;
    }

    private static void RegisterFormats(Dictionary<string, CelFunction> all)
    {
        foreach (var name in CelNamedFormat.Names)
            all["format." + name] = (_, _) => new CelNamedFormat(name);
        all["format.named"] = (a, _) => a[0] is string name && CelNamedFormat.Names.Contains(name)
            ? new CelOptional(new CelNamedFormat(name))
            : CelOptional.None;
        all["validate"] = (a, _) =>
            a is [CelNamedFormat format, string text] ? format.Validate(text) : CelError.NoOverload;
    }

    private static void RegisterVersions(Dictionary<string, CelFunction> all)
    {
        all["semver"] = (a, _) => a[0] is string text
            ? CelVersion.TryParse(text, out var version) ? version
                : new CelError("Invalid character(s) found in version")
            : CelError.NoOverload;
        all["isSemver"] = (a, _) =>
            a[0] is string text ? CelVersion.TryParse(text, out CelVersion ignored) : CelError.NoOverload;
        all["major"] = (a, _) => a[0] is CelVersion v ? v.Major : CelError.NoOverload;
        all["minor"] = (a, _) => a[0] is CelVersion v ? v.Minor : CelError.NoOverload;
        all["patch"] = (a, _) => a[0] is CelVersion v ? v.Patch : CelError.NoOverload;
    }
}

/// <summary>A named text format such as <c>format.dns1123Label()</c>.</summary>
internal sealed record CelNamedFormat(string Name)
{
    public static readonly string[] Names =
    [
        "dns1123Label", "dns1123Subdomain", "dns1035Label", "qualifiedName", "dns1123LabelPrefix",
        "dns1123SubdomainPrefix", "dns1035LabelPrefix", "labelValue", "uri", "uuid", "byte", "date", "datetime",
    ];

    /// <summary>None when the text fits, else the complaints.</summary>
    public CelOptional Validate(string text)
    {
        var probe = Name.EndsWith("Prefix", StringComparison.Ordinal) && text.EndsWith('-') ? text[..^1] + "a" : text;
        var complaint = Name switch
        {
            "dns1035Label" or "dns1035LabelPrefix" => NameRules.Label1035(probe),
            "dns1123Subdomain" or "dns1123SubdomainPrefix" => NameRules.Subdomain(probe),
            "dns1123Label" or "dns1123LabelPrefix" => TextFormats.Matches("k8s-short-name", probe)
                ? null
                : "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'",
            "labelValue" => LabelShape.IsValue(text) ? null : "a valid label must be an empty string or consist of "
                + "alphanumeric characters, '-', '_' or '.'",
            "qualifiedName" => LabelShape.IsKey(text) ? null : "name part must consist of alphanumeric characters, '-', '_' or '.'",
            _ => TextFormats.Matches(Name, text) ? null : $"does not match {Name}",
        };
        return complaint is null ? CelOptional.None : new CelOptional(new CelNativeList([complaint]));
    }
}

/// <summary>Shapes of label keys and values.</summary>
internal static partial class LabelShape
{
    public static bool IsValue(string text) => text.Length == 0 || (text.Length <= 63 && Name().IsMatch(text));

    public static bool IsKey(string text)
    {
        var slash = text.LastIndexOf('/');
        if (slash >= 0 && NameRules.Subdomain(text[..slash]) is not null) return false;
        var name = text[(slash + 1)..];
        return name.Length is > 0 and <= 63 && Name().IsMatch(name);
    }

    [GeneratedRegex(@"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\z")]
    private static partial Regex Name();
}

/// <summary>A semantic version; build metadata does not count in its order.</summary>
internal sealed partial record CelVersion(long Major, long Minor, long Patch, string Pre) : IComparable<CelVersion>
{
    public static bool TryParse(string text, out CelVersion version)
    {
        var match = Shape().Match(text);
        version = match.Success
            ? new CelVersion(Part(1), Part(2), Part(3), match.Groups[4].Value)
            : new CelVersion(0, 0, 0, "");
        return match.Success;

        long Part(int group) =>
            long.Parse(match.Groups[group].ValueSpan, System.Globalization.CultureInfo.InvariantCulture);
    }

    public int CompareTo(CelVersion? other)
    {
        if (other is null) return 1;
        var order = (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));
        if (order != 0) return order;
        if (Pre.Length == 0 || other.Pre.Length == 0) return other.Pre.Length.CompareTo(Pre.Length) is var o
            && Pre == other.Pre ? 0 : o;
        var (mine, theirs) = (Pre.Split('.'), other.Pre.Split('.'));
        for (var i = 0; i < mine.Length && i < theirs.Length; i++)
        {
            var numbers = long.TryParse(mine[i], out var a) & long.TryParse(theirs[i], out var b);
            order = numbers ? a.CompareTo(b) : string.CompareOrdinal(mine[i], theirs[i]);
            if (order != 0) return order;
        }

        return mine.Length.CompareTo(theirs.Length);
    }

    [GeneratedRegex(@"^(0|[1-9]\d{0,17})\.(0|[1-9]\d{0,17})\.(0|[1-9]\d{0,17})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?\z")]
    private static partial Regex Shape();
}
