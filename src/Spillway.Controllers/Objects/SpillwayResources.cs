using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Controllers.Objects;

/// <summary>Spillway's own resources and how they are installed.</summary>
public static class SpillwayResources
{
    public const string Group = "spillway.dev";
    public const string FieldManager = "spillway";

    public static KubernetesResource<PoolObject> Pools { get; } =
        new(Group, "v1", "pools", "Pool", false, json => new PoolObject(json));

    public static KubernetesResource<NodeClaim> NodeClaims { get; } =
        new(Group, "v1", "nodeclaims", "NodeClaim", false, json => new NodeClaim(json));

    public static KubernetesResource<AcceleratorObject> Accelerators { get; } =
        new(Group, "v1", "accelerators", "Accelerator", false, json => new AcceleratorObject(json));

    /// <summary>The definitions of the resources above, as kubectl would apply them.</summary>
    public static IEnumerable<CustomResourceDefinition> Definitions()
    {
        foreach (var name in (string[])["pools", "nodeclaims", "accelerators"])
        {
            using var stream = typeof(SpillwayResources).Assembly.GetManifestResourceStream(
                $"Spillway.Controllers.Crds.{name}.json")
                ?? throw new InvalidOperationException($"The definition of {name} is not in the program.");
            yield return new CustomResourceDefinition((JsonObject)JsonNode.Parse(stream)!);
        }
    }
}

/// <summary>Names that Spillway puts on nodes and pods.</summary>
public static class SpillwayNames
{
    public const string WhyAnnotation = "spillway.dev/why";

    /// <summary>The last decision about a pod, as <c>kind/Reason</c>: what the ledger has heard of it.</summary>
    public const string DecisionAnnotation = "spillway.dev/decision";

    public const string DurationAnnotation = "spillway.dev/duration";

    /// <summary>Keeps a claim until its machine is proven to be gone.</summary>
    public const string MachineFinalizer = "spillway.dev/machine";

    /// <summary>On a node that Spillway gives back, beside being cordoned.</summary>
    public const string DrainingTaint = "spillway.dev/draining";
}
