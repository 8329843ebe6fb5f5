namespace Spillway.ApiServer.Schema;

/// <summary>One served resource of one version: what discovery tells about it and what the generic code needs.</summary>
public sealed record ResourceType
{
    /// <summary>Empty for the core group.</summary>
    public required string Group { get; init; }

    public required string Version { get; init; }

    public required string Kind { get; init; }

    /// <summary>Plural, lower case: the path segment.</summary>
    public required string Resource { get; init; }

    public required string Singular { get; init; }

    public required bool Namespaced { get; init; }

    public string[] ShortNames { get; init; } = [];

    public string[] Categories { get; init; } = [];

    /// <summary>In discovery's order.</summary>
    public string[] Verbs { get; init; } = [];

    /// <summary>Subresources such as <c>status</c> and <c>scale</c>, by their last path segment.</summary>
    public IReadOnlyDictionary<string, SubresourceType> Subresources { get; init; } =
        new Dictionary<string, SubresourceType>(StringComparer.Ordinal);

    /// <summary>Discovery's storageVersionHash; empty when the resource is not stored.</summary>
    public string StorageVersionHash { get; init; } = "";

    /// <summary>The whole object's shape, metadata included.</summary>
    public required TypeSchema Schema { get; init; }

    /// <summary>Told to everyone who uses this version; null for none.</summary>
    public string? DeprecationWarning { get; init; }

    /// <summary>True for a type that a CustomResourceDefinition brought.</summary>
    public bool IsCustom { get; init; }

    /// <summary>Kind of a list of these.</summary>
    public string ListKind { get; init; } = "";

    public string ApiVersion => Group.Length == 0 ? Version : Group + "/" + Version;

    /// <summary><c>deployments.apps</c>, or <c>pods</c> in the core group.</summary>
    public string QualifiedResource => Group.Length == 0 ? Resource : Resource + "." + Group;
}

/// <summary>A subresource in discovery: its own kind may live in another group (scale is autoscaling/v1).</summary>
public sealed record SubresourceType(string Name, string Group, string Version, string Kind, string[] Verbs);
