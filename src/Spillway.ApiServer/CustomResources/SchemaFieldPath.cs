namespace Spillway.ApiServer.CustomResources;

/// <summary>Field paths such as <c>.spec.mode</c> and <c>.labels['a']</c>, looked up in a schema.</summary>
internal static class SchemaFieldPath
{
    /// <summary>Null when the path leads to a field, else what is wrong with it.</summary>
    public static string? Find(StructuralSchema schema, string path, bool allowIndexes, out StructuralSchema? found)
    {
        found = null;
        if (Split(path, out var parts) is { } bad) return bad;
        var current = schema;
        foreach (var (name, isBracket) in parts)
        {
            if (isBracket && current.Items is not null)
                return allowIndexes ? "array index is not supported" : "array notation is not allowed";
            if (current.Properties.TryGetValue(name, out var property)) current = property;
            else if (current.Additional is { } values) current = values;
            else return "does not refer to a valid field";
        }

        found = current;
        return null;
    }

    /// <summary>The path as complaints show it, without the leading dot.</summary>
    public static string? Split(string path, out List<(string Name, bool IsBracket)> parts)
    {
        parts = [];
        var at = 0;
        while (at < path.Length)
        {
            if (path[at] == '.')
            {
                var end = at + 1;
                while (end < path.Length && path[end] is not ('.' or '[')) end++;
                if (end == at + 1) return "unexpected end of JSON path";
                parts.Add((path[(at + 1)..end], false));
                at = end;
            }
            else if (path[at] == '[')
            {
                if (at + 1 >= path.Length
                    || path[at + 1] is not ('\'' or '"')) return "expected single quoted string but got " + path[at..];
                var quote = path[at + 1];
                var end = path.IndexOf(quote, at + 2);
                if (end < 0 || end + 1 >= path.Length || path[end + 1] != ']') return "unterminated quoted string";
                parts.Add((path[(at + 2)..end], true));
                at = end + 2;
            }
            else
            {
                return at == 0
                    ? $"expected [ or . but got: {path[at]}"
                    : $"expected [ or . but got: {path[at..]}";
            }
        }

        return parts.Count == 0 ? "unexpected end of JSON path" : null;
    }
}
