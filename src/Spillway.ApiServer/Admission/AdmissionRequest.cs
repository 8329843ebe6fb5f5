using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Admission;

/// <summary>What a request does to an object.</summary>
public enum AdmissionOperation { Create, Update, Delete, Connect }

/// <summary>Who asks, as authentication found out.</summary>
public sealed record Requester(
    string Name, string Uid, IReadOnlyList<string> Groups, IReadOnlyDictionary<string, IReadOnlyList<string>> Extra)
{
    public Requester(string name, params string[] groups) : this(name, "", groups, NoExtra) { }

    private static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> NoExtra =
        new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
}

/// <summary>One write as admission sees it. Plug-ins change <see cref="Object"/> in place or replace it.</summary>
public sealed class AdmissionRequest
{
    /// <summary>The resource in the version that was asked for.</summary>
    public required ResourceType Type { get; init; }

    /// <summary>Such as <c>status</c>, <c>binding</c>, <c>exec</c>; empty for the object itself.</summary>
    public string Subresource { get; init; } = "";

    public required AdmissionOperation Operation { get; init; }

    /// <summary>Name from the path or the object; empty while generateName has not run.</summary>
    public required string Name { get; init; }

    /// <summary>Empty for a cluster-scoped object.</summary>
    public required string Namespace { get; init; }

    /// <summary>The new object; null on delete.</summary>
    public JsonObject? Object { get; set; }

    /// <summary>The stored object; null on create and connect.</summary>
    public JsonObject? OldObject { get; init; }

    /// <summary>CreateOptions, UpdateOptions, PatchOptions or DeleteOptions, with kind and apiVersion.</summary>
    public JsonObject? Options { get; init; }

    public bool DryRun { get; init; }

    public required Requester User { get; init; }

    /// <summary>Go into the answer's Warning headers, in order.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>True when group and plural are these and the object itself is asked for.</summary>
    public bool Is(string group, string resource) => Subresource.Length == 0 && IsAny(group, resource);

    /// <summary>True when group and plural are these, whatever the subresource.</summary>
    public bool IsAny(string group, string resource) =>
        string.Equals(Type.Resource, resource, StringComparison.Ordinal)
        && string.Equals(Type.Group, group, StringComparison.Ordinal);

    public bool IsWrite => Operation is AdmissionOperation.Create or AdmissionOperation.Update;

    /// <summary>403, in the words of <c>admission.NewForbidden</c>.</summary>
    public ApiFailure Forbidden(string why)
    {
        var name = Name;
        // Name generation runs after admission, so the prefix is the best name there is.
        if (name.Length == 0 && Object?.Map("metadata") is { } metadata)
            name = metadata.Text("name") is { Length: > 0 } own ? own : metadata.Text("generateName") ?? "";
        return ApiFailure.Forbidden(Type.Group, Type.Resource, name.Length == 0 ? "Unknown" : name, why);
    }
}
