namespace Spillway.Core.Quantities;

/// <summary>Kubernetes' rules for names, label keys and label values.</summary>
public static class KubernetesNames
{
    /// <summary>Lower-case letters, digits and dashes, at most 63, a letter or digit at both ends.</summary>
    public static bool IsDnsLabel(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > 63 || name[0] == '-' || name[^1] == '-')
            return false;
        foreach (var c in name)
        {
            if (!(char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
                return false;
        }

        return true;
    }

    /// <summary>DNS labels joined by dots, at most 253 characters: the name of a node or a custom resource.</summary>
    public static bool IsDnsSubdomain(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > 253)
            return false;
        foreach (var part in name.Split('.'))
        {
            if (!IsDnsLabel(name[part]))
                return false;
        }

        return true;
    }

    /// <summary>A host name as DNS takes it: capitals are allowed.</summary>
    public static bool IsHostName(string name) => IsDnsSubdomain(name.ToLowerInvariant());

    /// <summary>A label key or resource name: <c>[prefix/]name</c>.</summary>
    public static bool IsQualifiedName(ReadOnlySpan<char> key)
    {
        var slash = key.IndexOf('/');
        if (slash >= 0 && !IsDnsSubdomain(key[..slash]))
            return false;
        var name = key[(slash + 1)..];
        return name.Length > 0 && IsLabelValue(name);
    }

    /// <summary>Empty, or at most 63 letters, digits, <c>-_.</c> with a letter or digit at both ends.</summary>
    public static bool IsLabelValue(ReadOnlySpan<char> value)
    {
        if (value.IsEmpty)
            return true;
        if (value.Length > 63 || !char.IsAsciiLetterOrDigit(value[0]) || !char.IsAsciiLetterOrDigit(value[^1]))
            return false;
        foreach (var c in value)
        {
            if (!(char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
                return false;
        }

        return true;
    }
}
