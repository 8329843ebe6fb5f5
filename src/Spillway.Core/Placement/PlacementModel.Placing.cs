using Spillway.Core.Placement.Engine;

namespace Spillway.Core.Placement;

public sealed partial class PlacementModel
{
    /// <summary>Decides where the pod goes, and changes nothing. A member of a gang is decided with its whole gang.</summary>
    /// <exception cref="KeyNotFoundException">The model does not hold the pod.</exception>
    public PlacementOutcome Place(PodKey key)
    {
        if (!state.Pods.TryGetValue(key, out var pod))
            throw new KeyNotFoundException($"Pod {key} is not in the model; hand it over with SetPod first.");
        if (desk.WaitsFor(pod) is { } waits) return waits;
        if (pod.Record.Requirements.Gang is null) return desk.TryPlace(pod) ?? desk.Refuse(pod);

        using var tried = BeginWhatIf();
        return gangs.Place(pod).First(decision => decision.Pod == key).Outcome;
    }

    /// <summary>
    /// The node for a pod on its own, without the reasons that a refusal costs; null when no node takes it. Gates, gangs
    /// and preemption are not looked at. Changes nothing.
    /// </summary>
    /// <exception cref="KeyNotFoundException">The model does not hold the pod.</exception>
    public string? FindNode(PodKey key)
    {
        if (!state.Pods.TryGetValue(key, out var pod))
            throw new KeyNotFoundException($"Pod {key} is not in the model; hand it over with SetPod first.");
        return desk.TryPlace(pod)?.Node;
    }

    /// <summary>Decides for all waiting members of the pod's gang at once, and changes nothing.</summary>
    /// <exception cref="KeyNotFoundException">The model does not hold the pod.</exception>
    public IReadOnlyList<PlacementDecision> PlaceGang(PodKey key)
    {
        if (!state.Pods.TryGetValue(key, out var pod))
            throw new KeyNotFoundException($"Pod {key} is not in the model; hand it over with SetPod first.");
        if (desk.WaitsFor(pod) is { } waits) return [new PlacementDecision(key, waits)];
        using var tried = BeginWhatIf();
        return [.. gangs.Place(pod)];
    }

    /// <summary>
    /// One scheduling pass over all pods that wait, in queue order: higher priority first, then the older, then by key;
    /// a gang as a whole at the turn of its first member. Each pod that is placed is assumed on its node and each that
    /// preempts is promised its node, so that the next ones see it. The reasons of those that stay behind are those of the
    /// end of the pass.
    /// </summary>
    public IReadOnlyList<PlacementDecision> PlaceAll() => new SchedulingPass(state, desk, gangs).Run();

    /// <summary>The nodes the pod fits on as things are, by name; for a pod on a node, as if it were not there.</summary>
    public IReadOnlyList<string> FeasibleNodes(PodKey key)
    {
        using var tried = BeginWhatIf();
        if (!state.Pods.TryGetValue(key, out var pod)) return [];
        if (pod.NodeName.Length > 0) state.Move(pod, "", assumed: false);
        var mask = placer.Feasible(pod).ToArray();
        return
        [
            .. state.Nodes.Order.Slots.Where(slot => (mask[slot >> 6] >> (slot & 63) & 1) != 0)
                .Select(slot => state.Nodes.Records[slot]!.Name),
        ];
    }

    /// <summary>The pods that wait for a node, in queue order.</summary>
    public IReadOnlyList<PodRecord> PendingPods()
    {
        var queue = state.Pending.ToArray();
        Array.Sort(queue, SchedulingPass.QueueOrder);
        return [.. queue.Select(pod => pod.Record)];
    }

    /// <summary>Why a pod is, or would be, on a node: for people.</summary>
    public string WhyHere(PodKey key, string nodeName)
    {
        if (!state.Pods.TryGetValue(key, out var pod) || Node(nodeName) is not { } node) return "";
        var slot = state.Nodes.Find(nodeName);
        var devices = new List<string>();
        foreach (var column in pod.Class.DeviceColumns)
        {
            var name = state.Nodes.Resources[column];
            var free = state.Nodes.Free[column][slot] + (pod.Slot == slot ? pod.Record.Requirements.Requests[name] : 0);
            devices.Add($"{free} {name} free");
        }
        var what = devices.Count > 0 ? $"has {string.Join(" and ", devices)}" : "has room";
        var pool = node.Labels[WellKnownLabels.Pool];
        return pool is null
            ? $"on-prem first: {nodeName} {what}"
            : $"rented: no machine of our own takes it, and {nodeName} of pool {pool} {what}";
    }
}
