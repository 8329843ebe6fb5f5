using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Registry;

/// <summary>A resource in all its served versions.</summary>
public sealed record ServedResource
{
    /// <summary>Served versions, the preferred one first; at least one.</summary>
    public required IReadOnlyList<ResourceType> Versions { get; init; }

    /// <summary>The version objects are stored in; it need not be served.</summary>
    public required ResourceType Storage { get; init; }

    public required IKindRules Rules { get; init; }

    /// <summary>
    /// Name in the store. Two groups may share their objects (events); a custom resource's includes its group.
    /// </summary>
    public required string StoreName { get; init; }

    /// <summary>Paths that field selectors may name besides metadata.name and metadata.namespace.</summary>
    public IReadOnlyList<string> FieldLabels { get; init; } = [];

    /// <summary>JSON paths of the scale subresource; null when there is none.</summary>
    public ScalePaths? Scale { get; init; }

    /// <summary>Stored objects may lack defaults that the kind has got since.</summary>
    public bool DefaultsOnRead { get; init; }

    /// <summary>A definition that is being deleted refuses new objects.</summary>
    public bool RefusesCreate { get; init; }

    public string Group => Versions[0].Group;

    public string Resource => Versions[0].Resource;

    public ResourceType? Version(string version)
    {
        foreach (var type in Versions)
            if (type.Version == version) return type;
        return null;
    }
}

/// <summary>Where a kind keeps what the scale subresource shows, as dotted paths such as <c>spec.replicas</c>.</summary>
public sealed record ScalePaths(string SpecReplicas, string StatusReplicas, string? LabelSelector);
