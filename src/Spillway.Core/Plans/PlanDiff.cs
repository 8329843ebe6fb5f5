using System.Text.Json.Nodes;

namespace Spillway.Core.Plans;

/// <summary>What <c>up</c> would do to one thing.</summary>
public abstract record PlanChange
{
    private PlanChange(PlanItem item) => Item = item;

    /// <summary>The thing as it is to be; as it was, for one that goes.</summary>
    public PlanItem Item { get; }

    public sealed record Added(PlanItem New) : PlanChange(New);

    public sealed record Removed(PlanItem Old) : PlanChange(Old);

    public sealed record Changed(PlanItem New, IReadOnlyList<FactChange> Facts) : PlanChange(New);
}

/// <summary>One fact before and after; null where it was or is not there.</summary>
public sealed record FactChange(string Key, string? Before, string? After);

/// <summary>Compares plans: what is to change and what comes of it.</summary>
public static class PlanDiff
{
    /// <summary>In the order of the new plan, what goes last. Nothing earlier: everything is added.</summary>
    public static IReadOnlyList<PlanChange> Between(ClusterPlan? before, ClusterPlan after)
    {
        var changes = new List<PlanChange>();
        foreach (var item in after.Items)
        {
            if (before?.Find(item.Kind, item.Name) is not { } old)
                changes.Add(new PlanChange.Added(item));
            else if (Facts(old, item) is { Count: > 0 } facts)
                changes.Add(new PlanChange.Changed(item, facts));
        }

        foreach (var item in before?.Items ?? [])
        {
            if (after.Find(item.Kind, item.Name) is null)
                changes.Add(new PlanChange.Removed(item));
        }

        return changes;
    }

    /// <summary>What becomes of running things, in plain words.</summary>
    public static string Consequence(PlanChange change) => (change, change.Item.Kind) switch
    {
        (PlanChange.Added, PlanKinds.Machine) => "its node joins",
        (PlanChange.Removed, PlanKinds.Machine) => "its node is cordoned, drained and removed; the machine is left as it is",
        (PlanChange.Changed, PlanKinds.Machine) => "its node is updated in place; running pods stay",
        (PlanChange.Added, PlanKinds.Steps) => "its steps are taken, one after another",
        (PlanChange.Removed, PlanKinds.Steps) => "its steps are taken back",
        (_, PlanKinds.Network) => "tunnels are updated in place: no connection is cut",
        (PlanChange.Added, PlanKinds.Pool) => "nodes may be rented from it",
        (PlanChange.Removed, PlanKinds.Pool) => "its nodes are cordoned, drained and given back",
        (PlanChange.Changed, PlanKinds.Pool) => "nodes launched from now on follow it; running ones stay as they are",
        (PlanChange.Removed, PlanKinds.Accelerator) => "pods that ask for it can no longer be placed",
        (PlanChange.Changed, PlanKinds.Accelerator) => "nodes report the new counts; running pods stay",
        (PlanChange.Changed, PlanKinds.ControlPlane) => "it takes effect when the control plane is started again",
        (PlanChange.Changed, PlanKinds.Policy) => "it counts from the next decision on",
        (PlanChange.Added, PlanKinds.Controller) => "it is started",
        (PlanChange.Removed, PlanKinds.Controller) => "it is stopped",
        _ => "it is applied",
    };

    public static JsonObject ToJson(PlanChange change)
    {
        var json = new JsonObject
        {
            ["change"] = change switch
            {
                PlanChange.Added => "add",
                PlanChange.Removed => "remove",
                _ => "change",
            },
            ["kind"] = change.Item.Kind,
            ["name"] = change.Item.Name,
            ["consequence"] = Consequence(change),
        };
        if (change is PlanChange.Changed changed)
            json["facts"] = new JsonArray([.. changed.Facts.Select(fact => (JsonNode)new JsonObject
            {
                ["key"] = fact.Key, ["before"] = fact.Before, ["after"] = fact.After,
            })]);
        return json;
    }

    private static List<FactChange> Facts(PlanItem before, PlanItem after)
    {
        var changes = new List<FactChange>();
        foreach (var fact in after.Facts)
        {
            if (before[fact.Key] != fact.Value)
                changes.Add(new FactChange(fact.Key, before[fact.Key], fact.Value));
        }

        changes.AddRange(before.Facts
            .Where(fact => after[fact.Key] is null)
            .Select(fact => new FactChange(fact.Key, fact.Value, null)));
        return changes;
    }
}
