using System.Text.Json.Nodes;

namespace Spillway.Core.ClusterFile;

/// <summary>One file's bytes with the name that diagnostics show.</summary>
public sealed record SourceFile(string Name, ReadOnlyMemory<byte> Content);

/// <summary>A YAML document as it was written: a Spillway resource or any Kubernetes object.</summary>
/// <param name="Json">The whole document; numbers and booleans by YAML's core rules, as kubectl reads them.</param>
public sealed record FileDocument(
    string ApiVersion, string Kind, string? Namespace, string Name, JsonObject Json, SourcePlace Place)
{
    public const string SpillwayApiVersion = "spillway.dev/v1";

    public bool IsSpillway => ApiVersion == SpillwayApiVersion;
}

/// <summary>What was read, as far as it could be, and everything that is wrong with it.</summary>
public sealed record ClusterFileResult
{
    /// <summary>Null when there is no Cluster document or it cannot be used.</summary>
    public Cluster? Cluster { get; init; }

    public IReadOnlyList<Accelerator> Accelerators { get; init; } = [];

    /// <summary>Every document of a Spillway kind, to be stored as the custom resource it is.</summary>
    public IReadOnlyList<FileDocument> SpillwayDocuments { get; init; } = [];

    /// <summary>Plain Kubernetes objects in the order of the files: the workload.</summary>
    public IReadOnlyList<FileDocument> KubernetesDocuments { get; init; } = [];

    /// <summary>In the order of files, lines and columns.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics { get; init; } = [];

    public bool HasErrors => Diagnostics.Any(diagnostic => diagnostic.IsError);

    /// <summary>The model to decide by; null while there are errors.</summary>
    public ClusterModel? Model => Cluster is null || HasErrors ? null : new ClusterModel(Cluster, Accelerators);
}
