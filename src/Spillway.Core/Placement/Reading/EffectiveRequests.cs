namespace Spillway.Core.Placement.Reading;

/// <summary>What a pod takes from a node, computed as kube-scheduler does.</summary>
internal static class EffectiveRequests
{
    private const long ScoringCpuMillis = 100;
    private const long ScoringMemoryBytes = 200L << 20;

    /// <param name="pod">The pod as read.</param>
    /// <param name="forScoring">Counts containers that name no CPU or memory with the scheduler's defaults.</param>
    public static ResourceAmounts Of(PodDraft pod, bool forScoring)
    {
        var running = ResourceAmounts.Empty;
        foreach (var container in pod.Containers) running = running.Plus(RequestsOf(pod, container, forScoring));

        var sidecars = ResourceAmounts.Empty;
        var starting = ResourceAmounts.Empty;
        foreach (var container in pod.InitContainers)
        {
            var requests = RequestsOf(pod, container, forScoring);
            if (container.RestartsAlways)
            {
                running = running.Plus(requests);
                sidecars = sidecars.Plus(requests);
                starting = starting.Max(sidecars);
            }
            else
            {
                // An init container runs beside the sidecars that were started before it.
                starting = starting.Max(sidecars.Plus(requests));
            }
        }

        var total = running.Max(starting);
        foreach (var (name, amount) in pod.PodLevel) total = total.With(name, amount);
        total = total.Plus(pod.Overhead);
        return total.WithoutZeros();
    }

    private static ResourceAmounts RequestsOf(PodDraft pod, ContainerDraft container, bool forScoring)
    {
        var requests = container.Requests;
        if (pod.Allocated.TryGetValue(container.Name, out var allocated))
        {
            // While a resize is under way the node must hold the larger of what is granted and what is wanted; a resize
            // the node can never grant counts for nothing.
            requests = pod.ResizeInfeasible ? allocated : requests.Max(allocated);
        }
        if (!forScoring) return requests;
        if (!requests.ContainsKey(ResourceAmounts.Cpu))
            requests = requests.With(ResourceAmounts.Cpu, ScoringCpuMillis);
        if (!requests.ContainsKey(ResourceAmounts.Memory))
            requests = requests.With(ResourceAmounts.Memory, ScoringMemoryBytes);
        return requests;
    }
}
