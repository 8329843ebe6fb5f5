namespace Spillway.Core.Placement;

public sealed partial class PlacementModel
{
    /// <summary>
    /// Takes a pod off its node, as if it were evicted and made anew by its controller: it waits for a node again. Only
    /// in a what-if, because only the pod's own record says that it really moved.
    /// </summary>
    /// <exception cref="InvalidOperationException">No what-if is open.</exception>
    public void Vacate(PodKey key)
    {
        if (!state.InWhatIf) throw new InvalidOperationException("Vacate needs an open what-if.");
        if (state.Pods.TryGetValue(key, out var pod) && pod.NodeName.Length > 0) state.Move(pod, "", assumed: false);
    }

    /// <summary>Whether the amounts are free on the node; nothing but amounts is compared.</summary>
    internal bool HasFree(string node, ResourceAmounts amounts)
    {
        var slot = state.Nodes.Find(node);
        if (slot < 0) return false;
        foreach (var (name, amount) in amounts)
        {
            if (amount > state.Nodes.Free[state.Nodes.Column(name)][slot]) return false;
        }
        return true;
    }
}
