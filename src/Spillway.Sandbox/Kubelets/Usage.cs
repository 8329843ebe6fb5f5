using System.Globalization;
using System.Text.Json.Nodes;
using Spillway.Core.Placement;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Kubelets;

/// <summary>CPU in thousandths of a core and memory in bytes that something uses right now.</summary>
internal readonly record struct Usage(long CpuMillis, long MemoryBytes)
{
    // What the system itself takes on an idle node.
    private static readonly Usage s_system = new(60, 400L << 20);

    /// <summary>How long one measurement stands: metrics-server asks the kubelets every 15 s.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(15);

    public static Usage operator +(Usage left, Usage right) =>
        new(left.CpuMillis + right.CpuMillis, left.MemoryBytes + right.MemoryBytes);

    /// <summary>
    /// What a running container uses: a share of its request that is its own for life, with a swing from window to window.
    /// </summary>
    public static Usage Of(JsonObject container, string uid, Dice dice, DateTimeOffset now)
    {
        var name = container.Text("name") ?? "";
        var window = (now.UtcTicks / Window.Ticks).ToString(CultureInfo.InvariantCulture);
        var share = 0.35 + (0.5 * dice.Roll("cpu-share", uid, name));
        var swing = 0.9 + (0.2 * dice.Roll("cpu-swing", uid + name, window));
        var cpu = Request(container, ResourceAmounts.Cpu, whenUnsaid: 20);
        var memory = Request(container, ResourceAmounts.Memory, whenUnsaid: 40L << 20);
        var resident = 0.4 + (0.5 * dice.Roll("memory-share", uid, name));
        return new Usage(Math.Max(1, (long)(cpu * share * swing)), (long)(memory * resident) >> 10 << 10);
    }

    /// <summary>One entry of NodeMetricsList.</summary>
    public static JsonObject NodeMetrics(SimulatedKubelet kubelet, Func<PodRun, Pod?> podOf, Dice dice,
        DateTimeOffset now)
    {
        var total = s_system;
        foreach (var run in kubelet.Runs)
        {
            if (podOf(run) is not { } pod) continue;
            foreach (var (_, usage) in Containers(run, pod, dice, now)) total += usage;
        }
        var metrics = Head("NodeMetrics", kubelet.Machine.Name, "", now);
        metrics["metadata"]!["labels"] = NodeJson.Labels(kubelet.Machine);
        metrics["usage"] = total.ToJson();
        return metrics;
    }

    /// <summary>One entry of PodMetricsList; null while none of its containers runs.</summary>
    public static JsonObject? PodMetrics(PodRun run, Pod pod, Dice dice, DateTimeOffset now)
    {
        var containers = new JsonArray();
        foreach (var (name, usage) in Containers(run, pod, dice, now))
            containers.Add(new JsonObject { ["name"] = name, ["usage"] = usage.ToJson() });
        if (containers.Count == 0) return null;
        var metrics = Head("PodMetrics", run.Key.Name, run.Key.Namespace, now);
        if (pod.Json.ObjectAt("metadata", "labels") is { } labels) metrics["metadata"]!["labels"] = labels.Copied();
        metrics["containers"] = containers;
        return metrics;
    }

    private static IEnumerable<(string Name, Usage Usage)> Containers(PodRun run, Pod pod, Dice dice,
        DateTimeOffset now) =>
        run.Mains.Concat(run.Inits)
            .Where(c => c.State == ContainerState.Running)
            .Select(c => (c.Script.Name, Find(pod, c.Script.Name)))
            .Where(c => c.Item2 is not null)
            .Select(c => (c.Name, Of(c.Item2!, run.Uid, dice, now)));

    private static JsonObject? Find(Pod pod, string container) =>
        pod.Containers.Concat(pod.InitContainers).FirstOrDefault(c => c.Text("name") == container);

    private static long Request(JsonObject container, string resource, long whenUnsaid) =>
        ResourceAmounts.TryParseQuantity(resource, container.Text("resources", "requests", resource),
            out var amount) && amount > 0
            ? amount
            : whenUnsaid;

    private JsonObject ToJson() => new() { ["cpu"] = $"{CpuMillis}m", ["memory"] = $"{MemoryBytes >> 10}Ki" };

    private static JsonObject Head(string kind, string name, string ns, DateTimeOffset now)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (ns.Length > 0) metadata["namespace"] = ns;
        metadata["creationTimestamp"] = KubernetesJson.Timestamp(now);
        return new JsonObject
        {
            ["kind"] = kind,
            ["apiVersion"] = "metrics.k8s.io/v1beta1",
            ["metadata"] = metadata,
            ["timestamp"] = KubernetesJson.Timestamp(now),
            ["window"] = "15s",
        };
    }
}
