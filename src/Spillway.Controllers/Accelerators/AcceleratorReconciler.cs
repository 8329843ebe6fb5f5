using System.Text.Json.Nodes;
using Spillway.Controllers.State;
using Spillway.Core.Accelerators;
using Spillway.Core.Placement;
using Spillway.Kubernetes;

namespace Spillway.Controllers.Accelerators;

/// <summary>
/// Keeps what nodes with devices offer: every logical accelerator that their devices can hold, less what the pods there
/// take away from each other. A node that has not joined yet has the same in its offer.
/// </summary>
internal sealed class AcceleratorReconciler(ControllerContext context, ClusterState state)
{
    // What this controller gave a node and has to take away again when an accelerator is deleted.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, HashSet<string>> _given = new(StringComparer.Ordinal);

    public async Task<Reconciled> ReconcileAsync(string node, CancellationToken cancellationToken)
    {
        if (state.Nodes.Get(ObjectKey.Cluster(node)) is not { } seen || seen.Devices.Count == 0) return Reconciled.Done;
        var accelerators = state.KnownAccelerators();
        var wanted = LogicalAccelerators.Allocatable(seen.Devices, accelerators, Used(node));
        var devices = seen.Devices.Select(group => group.Resource).ToHashSet(StringComparer.Ordinal);
        var (capacity, allocatable) = (new JsonObject(), new JsonObject());
        foreach (var (resource, amount) in wanted)
        {
            // The devices themselves belong to their plugin: only what is free of them is ours to lower.
            if (!devices.Contains(resource)) Change(capacity, resource, amount, seen.Record.Capacity);
            Change(allocatable, resource, amount, seen.Record.Allocatable);
        }

        foreach (var resource in TakenAway(node, wanted.Keys
            .Where(resource => !devices.Contains(resource)), seen.Record))
        {
            capacity[resource] = null;
            allocatable[resource] = null;
        }

        if (capacity.Count == 0 && allocatable.Count == 0) return Reconciled.Done;
        var status = new JsonObject();
        if (capacity.Count > 0) status["capacity"] = capacity;
        if (allocatable.Count > 0) status["allocatable"] = allocatable;
        await context.Client.PatchAsync(
            Resources.Nodes,
            ObjectKey.Cluster(node),
            KubernetesPatch.Merge(new JsonObject { ["status"] = status }),
            WriteOptions.OnStatus,
            cancellationToken);
        return Reconciled.Done;
    }

    private static void Change(JsonObject changes, string resource, long amount, ResourceAmounts now)
    {
        if (!now.ContainsKey(resource) || now[resource] != amount) changes[resource] =
            ResourceAmounts.FormatAmount(resource, amount);
    }

    private IEnumerable<string> TakenAway(string node, IEnumerable<string> wanted, NodeRecord record)
    {
        lock (_gate)
        {
            var before = _given.GetValueOrDefault(node, []);
            var now = wanted.ToHashSet(StringComparer.Ordinal);
            _given[node] = now;

            // After a restart nothing is remembered: the prefix tells which resources were ours.
            var ours = record.Capacity
                .Select(one => one.Key)
                .Where(one => one.StartsWith(Core.ClusterFile.Accelerator.ResourcePrefix, StringComparison.Ordinal));
            return [.. before.Union(ours).Where(one => !now.Contains(one) && record.Capacity.ContainsKey(one))
                .Order(StringComparer.Ordinal)];
        }
    }

    private Dictionary<string, long> Used(string node)
    {
        var used = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var pod in state.PodsOn(node))
        {
            if (pod.Record.IsFinished) continue;
            foreach (var (resource, amount) in pod.Record.Requirements.Requests)
                used[resource] = used.GetValueOrDefault(resource) + amount;
        }

        return used;
    }
}
