using System.Globalization;
using System.Net;
using Spillway.Core.Accelerators;
using Spillway.Core.Bootstrap;
using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Overlay;
using Spillway.Core.Quantities;

namespace Spillway.Core.Plans;

/// <summary>What was there before, so that what need not change does not.</summary>
/// <param name="OverlayAddresses">By machine name.</param>
public sealed record PlanHistory(IReadOnlyDictionary<string, IPAddress> OverlayAddresses)
{
    public static PlanHistory Empty { get; } = new(new Dictionary<string, IPAddress>());

    /// <summary>What an earlier plan gave out.</summary>
    public static PlanHistory Of(ClusterPlan? earlier)
    {
        var addresses = new Dictionary<string, IPAddress>(StringComparer.Ordinal);
        foreach (var machine in earlier?.OfKind(PlanKinds.Machine) ?? [])
        {
            if (Cidr.TryParseAddress(machine["overlay address"], out var address))
                addresses[machine.Name] = address;
        }

        return new PlanHistory(addresses);
    }
}

/// <summary>Turns a cluster file into a plan.</summary>
public static class ClusterPlanner
{
    private const int OffersShown = 5;

    /// <param name="warnings">Of the file's check, to be shown with the plan.</param>
    public static ClusterPlan Plan(ClusterModel model, PlanHistory history, IReadOnlyList<Diagnostic> warnings)
    {
        var cluster = model.Cluster;
        var items = new List<PlanItem> { ControlPlane(cluster.Kubernetes) };
        var network = OverlayPlanner.Plan(cluster, history.OverlayAddresses);
        if (cluster.Overlay.Kind != OverlayKind.None)
            items.Add(NetworkItems.Overlay(network));
        items.AddRange(cluster.Machines.Select(machine =>
            Machine(machine, model, network.Find(machine.Name)?.OverlayAddress)));
        // The embedded distribution has no tunnel to build: its machines live in this process.
        if (cluster.Overlay.Kind != OverlayKind.None && cluster.Kubernetes.Distribution != Distribution.Embedded)
            items.AddRange(NetworkItems.Of(network));
        items.AddRange(network.Nodes.Select(Steps(network)).OfType<PlanItem>());
        items.AddRange(cluster.Pools.Select(pool => Pool(pool, model)));
        items.AddRange(model.Accelerators.Select(accelerator => Accelerator(accelerator, model)));
        items.Add(Policy(cluster.Policy.Burst, cluster));
        items.AddRange(Controllers(model));
        return new ClusterPlan(cluster.Name, items, [.. warnings
            .Where(warning => warning.Severity == DiagnosticSeverity.Warning)
            .Select(warning => warning.ToString())]);
    }

    private static PlanItem ControlPlane(KubernetesSettings settings)
    {
        var embedded = settings.Distribution == Distribution.Embedded;
        var facts = new Facts()
            .Add("distribution", Words.Of(settings.Distribution))
            .Add("version", settings.Version)
            .Add("pods", settings.PodCidr)
            .Add("services", settings.ServiceCidr);
        if (!embedded)
            facts.Add("runtime", Words.Of(settings.Runtime)).Add("network", Words.Of(settings.Network));
        return new PlanItem(PlanKinds.ControlPlane, "kubernetes",
            embedded
                ? "the file asks for the embedded distribution: the API runs in this process"
                : $"the file asks for {Words.Of(settings.Distribution)}",
            facts.List);
    }

    private static Func<OverlayNode, PlanItem?> Steps(OverlayPlan network) => node =>
    {
        var facts = new Facts();
        foreach (var step in NodeSteps.For(node, network))
            facts.Add($"step {step.Name}", step.Why);
        return facts.List.Count == 0
            ? null
            : new PlanItem(PlanKinds.Steps, node.Name,
                $"it is to be a node; spillway plan --machine {node.Name} shows every command", facts.List);
    };

    private static PlanItem Machine(Machine machine, ClusterModel model, IPAddress? overlayAddress)
    {
        var template = NodeTemplates.ForMachine(machine, model);
        var facts = new Facts()
            .Add("role", machine.Role == MachineRole.ControlPlane ? "control-plane" : "worker")
            .Add("site", machine.Site)
            .Add("address", machine.Address)
            .Add("overlay address", overlayAddress)
            .Add("ssh", machine.Ssh);
        Node(facts, template);
        if (machine.Cost is not null)
            facts.Add("cost busy", OwnedCosts.Busy(machine)).Add("cost idle", OwnedCosts.Idle(machine));
        return new PlanItem(PlanKinds.Machine, machine.Name, machine.Role == MachineRole.ControlPlane
            ? "the team owns it, and it runs the control plane"
            : "the team owns it, so jobs go there first", facts.List);
    }

    private static PlanItem Pool(Pool pool, ClusterModel model)
    {
        var offers = PoolOffers.For(pool, model);
        var facts = new Facts()
            .Add("cloud", Words.Of(pool.Cloud))
            .Add("nodes", $"{pool.Min} to {pool.Max}")
            .Add("purchase", Words.Of(pool.Purchase))
            .Add("smt", pool.Smt ? null : "off");
        for (var i = 0; i < Math.Min(offers.Count, OffersShown); i++)
            facts.Add($"offer {i + 1}", Words.Of(offers[i]));
        if (offers.Count > OffersShown)
            facts.Add("offers more", (offers.Count - OffersShown).ToString(CultureInfo.InvariantCulture));
        if (offers.Count > 0)
        {
            Node(facts, offers[0].Template);
            if (pool.Max > 0)
                facts.Add("cost at max", $"up to {offers.Max(offer => offer.Price) * pool.Max}");
        }

        return new PlanItem(PlanKinds.Pool, pool.Name, pool switch
        {
            { Max: 0 } => "its max is 0: nothing is launched",
            { Min: > 0 } => $"the file keeps at least {pool.Min} running",
            _ => "nodes are rented when no machine of the team's own can run a job in time",
        }, facts.List);
    }

    private static void Node(Facts facts, NodeTemplate template)
    {
        facts.Add("devices", string.Join(", ", template.Devices.Select(group => $"{group.Count} × {group.Model}")));
        foreach (var (resource, amount) in template.Capacity)
        {
            var offered = template.Allocatable[resource];
            facts.Add($"node {resource}", offered == amount ? $"{amount}" : $"{amount}, {offered} for pods");
        }

        foreach (var (key, value) in template.Labels)
            facts.Add($"label {key}", value.Length == 0 ? "\"\"" : value);
        foreach (var taint in template.Taints)
            facts.Add($"taint {taint.Key}", taint);
    }

    private static PlanItem Accelerator(Accelerator accelerator, ClusterModel model)
    {
        var facts = new Facts().Add("resource", accelerator.Resource);
        foreach (var machine in model.Cluster.Machines)
            facts.Add($"machine {machine.Name}",
                Holds(accelerator, NodeTemplates.ForMachine(machine, model).Devices, "now"));
        foreach (var pool in model.Cluster.Pools)
        {
            if (PoolOffers.For(pool, model) is [var offer, ..])
                facts.Add($"pool {pool.Name}", Holds(accelerator, offer.Template.Devices, "a node"));
        }

        return new PlanItem(PlanKinds.Accelerator, accelerator.Name,
            "pods ask for it by its resource, and any device that can hold it will do", facts.List);
    }

    private static string? Holds(Accelerator accelerator, IReadOnlyList<DeviceGroup> devices, string per)
    {
        var parts = devices.Where(group => accelerator.PerDevice(group.Model) > 0).ToList();
        return parts.Count == 0
            ? null
            : $"{parts.Sum(group => group.Count * accelerator.PerDevice(group.Model))} {per}: " + string.Join(", ",
                parts.Select(group => $"{group.Count} × {group.Model} with {accelerator.PerDevice(group.Model)} each"));
    }

    private static PlanItem Policy(BurstPolicy burst, Cluster cluster)
    {
        var facts = new Facts()
            .Add("mode", Words.Of(burst.Mode))
            .Add("wait for on-prem", Durations.Print(burst.WaitForOnPrem))
            .Add("idle after", Durations.Print(burst.IdleAfter))
            .Add("budget per hour", burst.Budget.PerHour)
            .Add("budget per day", burst.Budget.PerDay)
            .Add("budget per month", burst.Budget.PerMonth);
        if (cluster.Policy.Consolidation is { Mode: ConsolidationMode.Auto } moving)
            facts.Add("consolidation", $"pods move when that pays within {Durations.Print(moving.Payback)}");
        var owned = cluster.Machines.Aggregate(HourlyPrice.Zero, (sum, machine) => sum + OwnedCosts.Busy(machine));
        if (owned.Amount > 0)
            facts.Add("owned machines", $"{owned}, {owned.PerMonth()}");
        return new PlanItem(PlanKinds.Policy, "burst", burst.Mode switch
        {
            BurstMode.Off => "nothing is ever rented",
            BurstMode.Advise => "what would be rented is said, and nothing is",
            _ => "the cheapest node that fits is rented once waiting does not pay",
        }, facts.List);
    }

    private static IEnumerable<PlanItem> Controllers(ClusterModel model)
    {
        if (model.Cluster.Kubernetes.Distribution == Distribution.Embedded)
            yield return Controller("scheduler", "the embedded control plane places pods itself");
        if (model.Cluster.Pools.Count > 0)
        {
            yield return Controller("pools", "it keeps every pool between min and max, and knows its nodes");
            yield return Controller("burst", "it rents nodes for pods that wait");
            yield return Controller("reclaim", "it gives idle nodes back");
        }

        if (model.Accelerators.Count > 0)
            yield return Controller("accelerators", "it turns devices into accelerators that pods ask for");
        yield return Controller("ledger", "it records what everything cost, and why");
    }

    private static PlanItem Controller(string name, string why) => new(PlanKinds.Controller, name, why, []);
}
