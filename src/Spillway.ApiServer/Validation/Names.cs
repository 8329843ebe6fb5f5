using System.Text.RegularExpressions;

namespace Spillway.ApiServer.Validation;

/// <summary>The syntax rules for names, labels and paths; each returns its complaints, none when the value is good.</summary>
internal static partial class Names
{
    private const string Label1123 =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
        + "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    private const string Subdomain1123 =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        + "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    private const string Label1035 =
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
        + "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
    private const string NamePart =
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
        + "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    private const string LabelValueRule =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
        + "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
        + "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    private const string ConfigKeyRule =
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
        + "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

    public static IEnumerable<string> DnsLabel(string value)
    {
        if (value.Length > 63) yield return TooLong(63);
        if (!Label().IsMatch(value)) yield return Label1123;
    }

    public static IEnumerable<string> DnsSubdomain(string value)
    {
        if (value.Length > 253) yield return TooLong(253);
        if (!IsSubdomain(value)) yield return Subdomain1123;
    }

    public static IEnumerable<string> DnsLabel1035(string value)
    {
        if (value.Length > 63) yield return TooLong(63);
        if (!OldLabel().IsMatch(value)) yield return Label1035;
    }

    public static IEnumerable<string> PathSegment(string value)
    {
        if (value is "." or "..") yield return $"may not be '{value}'";
        if (value.Contains('/')) yield return "may not contain '/'";
        if (value.Contains('%')) yield return "may not contain '%'";
    }

    public static IEnumerable<string> QualifiedName(string value)
    {
        var slash = value.IndexOf('/');
        if (value.IndexOf('/', slash + 1) > slash && slash >= 0)
        {
            yield return "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
                + "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
                + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            yield break;
        }
        if (slash >= 0)
        {
            var prefix = value[..slash];
            if (prefix.Length == 0) yield return "prefix part must be non-empty";
            else
                foreach (var complaint in DnsSubdomain(prefix)) yield return "prefix part " + complaint;
        }
        var name = value[(slash + 1)..];
        if (name.Length == 0) yield return "name part must be non-empty";
        else if (name.Length > 63) yield return "name part " + TooLong(63);
        if (!Name().IsMatch(name)) yield return NamePart;
    }

    public static IEnumerable<string> LabelValue(string value)
    {
        if (value.Length > 63) yield return TooLong(63);
        if (value.Length > 0 && !Name().IsMatch(value)) yield return LabelValueRule;
    }

    public static IEnumerable<string> ConfigKey(string value)
    {
        if (value.Length > 253) yield return TooLong(253);
        if (!Key().IsMatch(value)) yield return ConfigKeyRule;
        if (value == ".") yield return "must not be '.'";
        else if (value == "..") yield return "must not be '..'";
        else if (value.StartsWith("..", StringComparison.Ordinal)) yield return "must not start with '..'";
    }

    public static IEnumerable<string> PortName(string value)
    {
        if (value.Length > 15) yield return "must be no more than 15 characters";
        if (!PortCharacters().IsMatch(value)) yield return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
        if (!value.Any(char.IsAsciiLetterLower)) yield return "must contain at least one letter (a-z)";
        if (value.Contains("--", StringComparison.Ordinal)) yield return "must not contain consecutive hyphens";
        if (value.Length > 0 && (value[0] == '-' || value[^1] == '-'))
            yield return "must not begin or end with a hyphen";
    }

    public static IEnumerable<string> VariableName(string value)
    {
        if (value.All(c => c is > ' ' and <= '~' or ' ' && c != '=')) yield break;
        yield return "a valid environment variable name must consist only of printable ASCII characters other than '='";
    }

    public static bool IsSubdomain(string value)
    {
        var start = true;
        foreach (var c in value)
        {
            if (c is (>= 'a' and <= 'z') or (>= '0' and <= '9')) start = false;
            else if (c == '-' && !start) continue;
            else if (c == '.' && !start) start = true;
            else return false;
        }
        return value.Length > 0 && !start && Subdomain().IsMatch(value);
    }

    public static string TooLong(int characters) => $"must be no more than {characters} characters";

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?\\z")]
    private static partial Regex Label();

    [GeneratedRegex("^[a-z]([-a-z0-9]*[a-z0-9])?\\z")]
    private static partial Regex OldLabel();

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\z")]
    private static partial Regex Subdomain();

    [GeneratedRegex("^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\\z")]
    private static partial Regex Name();

    [GeneratedRegex("^[-._a-zA-Z0-9]+\\z")]
    private static partial Regex Key();

    [GeneratedRegex("^[-a-z0-9]+\\z")]
    private static partial Regex PortCharacters();
}
