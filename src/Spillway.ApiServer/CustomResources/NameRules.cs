using System.Text.RegularExpressions;

namespace Spillway.ApiServer.CustomResources;

/// <summary>The DNS rules for names in definitions, in the real server's words; null when the name keeps the rule.</summary>
internal static partial class NameRules
{
    public static string? Label1035(string name)
    {
        if (name.Length <= 63 && Dns1035().IsMatch(name)) return null;
        var shape = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
            + "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
            + "validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
        if (name.Length <= 63) return shape;
        return Dns1035().IsMatch(name) ? "must be no more than 63 bytes" : "must be no more than 63 bytes," + shape;
    }

    public static string? Subdomain(string name)
    {
        if (name.Length <= 253 && Dns1123().IsMatch(name)) return null;
        var shape = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
            + "must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
            + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
        if (name.Length <= 253) return shape;
        return Dns1123().IsMatch(name) ? "must be no more than 253 bytes" : "must be no more than 253 bytes," + shape;
    }

    [GeneratedRegex(@"^[a-z]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex Dns1035();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex Dns1123();
}
