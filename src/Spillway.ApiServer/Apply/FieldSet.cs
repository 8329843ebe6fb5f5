using System.Text;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Apply;

/// <summary>
/// A set of field paths, as <c>managedFields</c> keeps it: a tree whose edges are path elements in their wire form
/// (<c>f:name</c>, <c>k:{"name":"c"}</c>, <c>v:"x"</c>).
/// </summary>
internal sealed class FieldSet
{
    /// <summary>True when the path that leads here is itself in the set.</summary>
    public bool Member { get; set; }

    /// <summary>Sorted, so that what goes on the wire never depends on the order of work.</summary>
    public SortedList<string, FieldSet>? Children { get; private set; }

    public bool IsEmpty => !Member && Children is null or { Count: 0 };

    public FieldSet Child(string element)
    {
        Children ??= new SortedList<string, FieldSet>(StringComparer.Ordinal);
        if (!Children.TryGetValue(element, out var child)) Children.Add(element, child = new FieldSet());
        return child;
    }

    public FieldSet? Find(string element) =>
        Children is not null && Children.TryGetValue(element, out var child) ? child : null;

    public void Attach(string element, FieldSet child)
    {
        Children ??= new SortedList<string, FieldSet>(StringComparer.Ordinal);
        Children[element] = child;
    }

    public static FieldSet Parse(JsonObject fields)
    {
        var set = new FieldSet();
        foreach (var (element, node) in fields)
        {
            if (element == ".")
            {
                set.Member = true;
                continue;
            }
            var inner = node as JsonObject;
            var child = inner is { Count: > 0 } ? Parse(inner) : new FieldSet { Member = true };
            set.Attach(element, child);
        }
        return set;
    }

    public JsonObject ToJson()
    {
        var json = new JsonObject();
        if (Children is null || Children.Count == 0) return json;
        if (Member) json["."] = new JsonObject();
        foreach (var (element, child) in Children) json[element] = child.ToJson();
        return json;
    }

    public FieldSet Clone()
    {
        var copy = new FieldSet { Member = Member };
        if (Children is not null)
            foreach (var (element, child) in Children) copy.Attach(element, child.Clone());
        return copy;
    }

    /// <summary>Adds every path of <paramref name="other"/>.</summary>
    public void UnionWith(FieldSet other)
    {
        Member |= other.Member;
        if (other.Children is null) return;
        foreach (var (element, child) in other.Children) Child(element).UnionWith(child);
    }

    /// <summary>Takes out every path of <paramref name="other"/>; true when there was one.</summary>
    public bool Subtract(FieldSet other)
    {
        var touched = Member && other.Member;
        if (touched) Member = false;
        if (other.Children is null || Children is null) return touched;
        foreach (var (element, theirs) in other.Children)
        {
            if (!Children.TryGetValue(element, out var ours) || !ours.Subtract(theirs)) continue;
            touched = true;
            if (ours.IsEmpty) Children.Remove(element);
        }
        return touched;
    }

    public FieldSet Difference(FieldSet other)
    {
        var copy = Clone();
        copy.Subtract(other);
        return copy;
    }

    public FieldSet Intersection(FieldSet other)
    {
        var result = new FieldSet { Member = Member && other.Member };
        if (Children is null || other.Children is null) return result;
        foreach (var (element, ours) in Children)
        {
            if (!other.Children.TryGetValue(element, out var theirs)) continue;
            var both = ours.Intersection(theirs);
            if (!both.IsEmpty) result.Attach(element, both);
        }
        return result;
    }

    /// <summary>True when a path of this set is in <paramref name="fields"/>, read without building a set of it.</summary>
    public bool Overlaps(JsonObject fields)
    {
        if (Member && (fields.Count == 0 || fields.ContainsKey("."))) return true;
        if (Children is null) return false;
        foreach (var (element, child) in Children)
            if (fields[element] is JsonObject inner && child.Overlaps(inner)) return true;
        return false;
    }

    public bool SameAs(FieldSet other)
    {
        if (Member != other.Member || (Children?.Count ?? 0) != (other.Children?.Count ?? 0)) return false;
        if (Children is null) return true;
        foreach (var (element, child) in Children)
            if (!other.Children!.TryGetValue(element, out var theirs) || !child.SameAs(theirs)) return false;
        return true;
    }

    /// <summary>Every path, as messages print it: <c>.spec.containers[name="c"].image</c>.</summary>
    public IEnumerable<string> Paths(string prefix = "")
    {
        if (Member && prefix.Length > 0) yield return prefix;
        if (Children is null) yield break;
        foreach (var (element, child) in Children)
            foreach (var path in child.Paths(prefix + Print(element))) yield return path;
    }

    public static string Print(string element)
    {
        var body = element[2..];
        switch (element[0])
        {
            case 'f': return "." + body;
            case 'v': return "[=" + body + "]";
            case 'k' when JsonNode.Parse(body) is JsonObject keys:
                var text = new StringBuilder("[");
                foreach (var (key, value) in keys)
                {
                    if (text.Length > 1) text.Append(',');
                    text.Append(key).Append('=').Append(value?.ToJsonString(Json.Relaxed) ?? "null");
                }
                return text.Append(']').ToString();
            default: return "[" + body + "]";
        }
    }
}
