using System.Text.Json.Nodes;
using Spillway.Core.ClusterFile;
using Spillway.Core.Plans;
using Spillway.Core.Quantities;
using Spillway.Kubernetes;
using Taint = Spillway.Core.Quantities.Taint;

namespace Spillway.Sandbox.Kubelets;

/// <summary>A machine whose kubelet is simulated: what it will say about itself when it joins.</summary>
public sealed record SimulatedMachine
{
    public required string Name { get; init; }

    /// <summary>Labels, taints and sizes, as the plan promised them.</summary>
    public required NodeTemplate Template { get; init; }

    public required string InternalIp { get; init; }

    /// <summary>Empty for a machine that is reached from its site only.</summary>
    public string ExternalIp { get; init; } = "";

    /// <summary>Such as <c>aws:///us-east-1a/i-0123456789abcdef0</c>.</summary>
    public required string ProviderId { get; init; }

    /// <summary>Labels beside the template's: the claim of a rented machine.</summary>
    public IReadOnlyDictionary<string, string> MoreLabels { get; init; } = new Dictionary<string, string>();

    /// <summary>The machine of the cluster file at place <paramref name="index"/>.</summary>
    public static SimulatedMachine Owned(Machine machine, int index, ClusterModel model)
    {
        var inside = machine.OverlayAddress?.ToString() ?? $"192.168.{100 + (index / 250)}.{1 + (index % 250)}";
        var address = machine.Address?.Address?.ToString() ?? "";
        return new SimulatedMachine
        {
            Name = machine.Name,
            Template = NodeTemplates.ForMachine(machine, model),
            InternalIp = inside,
            ExternalIp = address,
            ProviderId = $"spillway://{machine.Site}/{machine.Name}",
        };
    }
}

/// <summary>What all simulated kubelets of a cluster have in common.</summary>
public sealed record KubeletSettings
{
    public long Seed { get; init; }

    public string KubernetesVersion { get; init; } = "v1.36.0";

    public ContainerRuntime Runtime { get; init; } = ContainerRuntime.Containerd;

    public required Cidr PodCidr { get; init; }

    /// <summary>
    /// How often a node renews its Lease. The kubelet's own figure is 10 s; under virtual time, where nobody waits, the
    /// renewals of an idle cluster would be all the work there is, and the interval is stretched.
    /// </summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether Pulled, Created, Started and Killing are told as Events.</summary>
    public bool Events { get; init; } = true;
}

/// <summary>Writes the objects by which a kubelet makes its node known.</summary>
internal static class NodeJson
{
    public static Node Write(SimulatedMachine machine, string podCidr, KubeletSettings settings, DateTimeOffset now)
    {
        var node = Resources.Nodes.New(ObjectKey.Cluster(machine.Name));
        node.Metadata["labels"] = Labels(machine);
        node.Metadata["annotations"] = Map(machine.Template.Annotations);
        var spec = node.Json.Ensure("spec");
        spec["podCIDR"] = podCidr;
        spec["podCIDRs"] = new JsonArray(podCidr);
        spec["providerID"] = machine.ProviderId;
        if (machine.Template.Taints.Count > 0)
            spec["taints"] = new JsonArray([.. machine.Template.Taints.Select(t => (JsonNode)Taint(t))]);
        node.Json["status"] = Status(machine, settings, now);
        return node;
    }

    public static JsonObject Labels(SimulatedMachine machine)
    {
        var labels = Map(machine.Template.Labels);
        foreach (var (key, value) in machine.MoreLabels) labels[key] = value;
        labels[NodeLabels.Hostname] = machine.Name;
        labels["beta.kubernetes.io/arch"] = machine.Template.Labels.GetValueOrDefault(NodeLabels.Arch, "amd64");
        labels["beta.kubernetes.io/os"] = "linux";
        return labels;
    }

    public static JsonObject Status(SimulatedMachine machine, KubeletSettings settings, DateTimeOffset now) => new()
    {
        ["capacity"] = Amounts(machine.Template.Capacity),
        ["allocatable"] = Amounts(machine.Template.Allocatable),
        ["conditions"] = new JsonArray(
            Condition("MemoryPressure", "False", "KubeletHasSufficientMemory",
                "kubelet has sufficient memory available", now),
            Condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", now),
            Condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available", now),
            Condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", now)),
        ["addresses"] = Addresses(machine),
        ["daemonEndpoints"] = new JsonObject { ["kubeletEndpoint"] = new JsonObject { ["Port"] = 10250 } },
        ["nodeInfo"] = NodeInfo(machine, settings),
    };

    public static JsonObject Lease(string node, string nodeUid, TimeSpan duration, DateTimeOffset now) => new()
    {
        ["apiVersion"] = "coordination.k8s.io/v1",
        ["kind"] = "Lease",
        ["metadata"] = new JsonObject
        {
            ["name"] = node,
            ["namespace"] = "kube-node-lease",
            ["ownerReferences"] = new JsonArray(new JsonObject
            {
                ["apiVersion"] = "v1", ["kind"] = "Node", ["name"] = node, ["uid"] = nodeUid,
            }),
        },
        ["spec"] = new JsonObject
        {
            ["holderIdentity"] = node,
            ["leaseDurationSeconds"] = (int)duration.TotalSeconds,
            ["renewTime"] = KubernetesJson.MicroTimestamp(now),
        },
    };

    private static JsonArray Addresses(SimulatedMachine machine)
    {
        var list = new JsonArray(Address("InternalIP", machine.InternalIp));
        if (machine.ExternalIp.Length > 0) list.Add(Address("ExternalIP", machine.ExternalIp));
        list.Add(Address("Hostname", machine.Name));
        return list;

        static JsonNode Address(string type, string value) => new JsonObject { ["type"] = type, ["address"] = value };
    }

    private static JsonObject NodeInfo(SimulatedMachine machine, KubeletSettings settings)
    {
        var dice = new Dice(settings.Seed);
        var runtime = settings.Runtime == ContainerRuntime.CriO ? "cri-o://1.36.0" : "containerd://2.2.0";
        return new JsonObject
        {
            ["machineID"] = dice.Hex(32, "machine", machine.Name),
            ["systemUUID"] = Uuid(dice.Hex(32, "system", machine.Name)),
            ["bootID"] = Uuid(dice.Hex(32, "boot", machine.ProviderId)),
            ["kernelVersion"] = "6.12.0-spillway-sandbox",
            ["osImage"] = "Simulated Linux",
            ["containerRuntimeVersion"] = runtime,
            ["kubeletVersion"] = settings.KubernetesVersion,
            ["kubeProxyVersion"] = "",
            ["operatingSystem"] = "linux",
            ["architecture"] = machine.Template.Labels.GetValueOrDefault(NodeLabels.Arch, "amd64"),
        };
    }

    private static string Uuid(string hex) => $"{hex[..8]}-{hex[8..12]}-{hex[12..16]}-{hex[16..20]}-{hex[20..]}";

    private static JsonObject Condition(string type, string status, string reason, string message,
        DateTimeOffset now) => new()
    {
        ["type"] = type,
        ["status"] = status,
        ["lastHeartbeatTime"] = KubernetesJson.Timestamp(now),
        ["lastTransitionTime"] = KubernetesJson.Timestamp(now),
        ["reason"] = reason,
        ["message"] = message,
    };

    private static JsonObject Taint(Taint taint)
    {
        var json = new JsonObject { ["key"] = taint.Key, ["effect"] = taint.Effect.ToString() };
        if (taint.Value.Length > 0) json["value"] = taint.Value;
        return json;
    }

    private static JsonObject Amounts(ResourceList amounts)
    {
        var json = new JsonObject();
        foreach (var (name, amount) in amounts) json[name] = amount.ToString();
        return json;
    }

    private static JsonObject Map(IReadOnlyDictionary<string, string> map)
    {
        var json = new JsonObject();
        foreach (var (key, value) in map) json[key] = value;
        return json;
    }
}
