using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;
using Spillway.Core.Plans;
using Spillway.Kubernetes;
using Spillway.Sandbox;

namespace Spillway.Simulation;

/// <summary>What must hold whenever nothing moves, whatever failed before.</summary>
internal sealed class Invariants(EmbeddedCluster cluster, ClusterModel model, KubernetesClient client)
{
    private readonly HashSet<string> _jobs = new(StringComparer.Ordinal);

    /// <summary>From now on the job must be there.</summary>
    public void Expect(string job) => _jobs.Add(job);

    public async Task CheckAsync()
    {
        var nodes = await AllAsync(Resources.Nodes);
        var pods = await AllAsync(Resources.Pods);
        CheckJobs(await AllAsync(Resources.Jobs));
        foreach (var node in nodes) CheckCapacity(node, pods);
        CheckPools();
        CheckBudget();
        nodes.Select(n => n.Json.Text("spec", "podCIDR")).ShouldBeUnique("pod networks of nodes");
    }

    private void CheckJobs(List<Job> jobs)
    {
        var there = jobs.Select(j => j.Name).ToHashSet(StringComparer.Ordinal);
        _jobs.Where(j => !there.Contains(j)).ShouldBeEmpty("jobs were lost");
        jobs.Where(j => j.Succeeded > 1).ShouldBeEmpty("jobs ran twice to their end");
    }

    private static void CheckCapacity(Node node, List<Pod> pods)
    {
        var allocatable = NodeReader.Read(node.Json).Allocatable;
        var used = ResourceAmounts.Empty;
        var count = 0;
        foreach (var pod in pods.Where(p => p.NodeName == node.Name && !p.IsFinished))
        {
            used = used.Plus(PodReader.Read(pod.Json).Requirements.Requests);
            count++;
        }
        count.ShouldBeLessThanOrEqualTo((int)allocatable[ResourceAmounts.Pods], $"pods on {node.Name}");
        foreach (var (name, amount) in used)
            amount.ShouldBeLessThanOrEqualTo(allocatable[name], $"{name} on {node.Name}");
    }

    private void CheckPools()
    {
        foreach (var pool in model.Cluster.Pools)
        {
            var running = cluster.Clouds.Machines.Count(m => m.IsRunning && m.Pool == pool.Name);
            running.ShouldBeLessThanOrEqualTo(pool.Max, $"machines of pool {pool.Name}");
        }
    }

    private void CheckBudget()
    {
        if (model.Cluster.Policy.Burst.Budget.PerHour is not { } limit) return;
        var perHour = cluster.Clouds.Machines.Where(m => m.IsRunning).Sum(PriceOf);
        perHour.ShouldBeLessThanOrEqualTo(limit.Amount, "what the running machines cost an hour");
    }

    private decimal PriceOf(Sandbox.Clouds.RentedMachine machine) =>
        PoolOffers.PriceOf(model.Cluster.FindPool(machine.Pool)!, machine.InstanceType, machine.Purchase)!.Value.Amount;

    private async Task<List<T>> AllAsync<T>(KubernetesResource<T> resource) where T : KubernetesObject
    {
        var all = new List<T>();
        await foreach (var item in client.ListAllAsync(resource, ListQuery.All, CancellationToken.None)) all.Add(item);
        return all;
    }
}
