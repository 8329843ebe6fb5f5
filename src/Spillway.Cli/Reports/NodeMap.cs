using System.Text.Json.Nodes;
using Spillway.Controllers.Costs;
using Spillway.Core.Placement;
using Spillway.Core.Placement.Sharing;

namespace Spillway.Cli.Reports;

/// <summary>
/// How full nodes and pools were over time, for the map of a page: means over equal steps, a letter a step, so that
/// thousands of nodes stay small.
/// </summary>
internal sealed class NodeMap
{
    /// <summary>Steps of the whole time.</summary>
    public const int Steps = 60;

    // '-' stands for a node that is not there; the letters for 0 to 100 percent.
    private const string Levels = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    private readonly RunReport report;
    private readonly RunSizes sizes;
    private readonly DateTimeOffset start;
    private readonly double stepTicks;
    private readonly Dictionary<string, Fill> pools = new(StringComparer.Ordinal);
    private readonly Dictionary<int, Fill> fills;

    private NodeMap(RunReport report, RunSizes sizes, DateTimeOffset start, IReadOnlyList<int> drawn)
    {
        this.report = report;
        this.sizes = sizes;
        this.start = start;
        stepTicks = Math.Max((double)(report.Now - start).Ticks / Steps, 1);
        fills = drawn.ToDictionary(static index => index, static _ => new Fill());
    }

    /// <param name="report">The whole run.</param>
    /// <param name="sizes">How large its pods and nodes were.</param>
    /// <param name="start">When the run began.</param>
    /// <param name="drawn">Places of the nodes that are drawn; pools count all of theirs.</param>
    public static JsonObject Of(RunReport report, RunSizes sizes, DateTimeOffset start, IReadOnlyList<int> drawn)
    {
        var map = new NodeMap(report, sizes, start, drawn);
        map.Gather();
        return new JsonObject
        {
            ["steps"] = Steps,
            ["stepSeconds"] = map.stepTicks / TimeSpan.TicksPerSecond,
            ["levels"] = Levels,
            ["nodes"] = new JsonArray([.. drawn.Select(index => (JsonNode)map.fills[index].ToJson())]),
            ["pools"] = new JsonArray([.. map.pools.Select(pool => (JsonNode)pool.Value.ToJson(pool.Key))]),
        };
    }

    private void Gather()
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var index = 0; index < report.Nodes.Count; index++)
        {
            var node = report.Nodes[index];
            places[node.Id] = index;
            Pool(node.Pool).Nodes++;
            foreach (var fill in Fills(index, node.Pool))
            {
                foreach (var (resource, amount) in sizes.Node(index))
                    Spread(fill.Room, resource, amount, node.LaunchedAt, node.RemovedAt);
            }
        }
        for (var index = 0; index < report.Pods.Count; index++)
        {
            var pod = report.Pods[index];
            if (pod.StartedAt is not { } from || !places.TryGetValue(pod.NodeId, out var place)) continue;
            if (sizes.Pod(index) is not { } size) continue;
            foreach (var fill in Fills(place, pod.Pool))
            {
                fill.Pods++;
                foreach (var (resource, amount) in size.Requests)
                {
                    if (resource != GpuShares.Resource) Spread(fill.Used, resource, amount, from, pod.FinishedAt);
                }
                if (size.GpuMilli > 0)
                    Spread(fill.Used, GpuShares.Resource, size.GpuMilli / GpuShares.Whole, from, pod.FinishedAt);
            }
        }
    }

    private Fill[] Fills(int node, string pool) =>
        fills.TryGetValue(node, out var drawn) ? [drawn, Pool(pool)] : [Pool(pool)];

    private Fill Pool(string name) =>
        pools.TryGetValue(name, out var pool) ? pool : pools[name] = new Fill();

    // An amount over a time, as parts of the steps that it touches.
    private void Spread(
        Dictionary<string, double[]> into, string resource, double amount, DateTimeOffset from, DateTimeOffset? to)
    {
        if (!into.TryGetValue(resource, out var steps)) into[resource] = steps = new double[Steps];
        var begin = Math.Max((from - start).Ticks / stepTicks, 0);
        var end = Math.Min(((to ?? report.Now) - start).Ticks / stepTicks, Steps);
        for (var step = (int)begin; step < end; step++)
            steps[step] += amount * (Math.Min(end, step + 1) - Math.Max(begin, step));
    }

    private sealed class Fill
    {
        public Dictionary<string, double[]> Room { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, double[]> Used { get; } = new(StringComparer.Ordinal);

        public int Nodes { get; set; }

        public int Pods { get; set; }

        public JsonObject ToJson(string? pool = null)
        {
            var json = new JsonObject
            {
                ["pods"] = Pods,
                ["cpu"] = Letters([ResourceAmounts.Cpu]),
                ["memory"] = Letters([ResourceAmounts.Memory]),
                ["devices"] = Letters([.. Room.Keys.Where(static resource => resource.Contains('/'))]),
            };
            if (pool is null) return json;
            json["name"] = pool.Length == 0 ? null : pool;
            json["nodes"] = Nodes;
            return json;
        }

        // Of several resources the one that is fullest, step by step.
        private string Letters(string[] resources) => string.Create(Steps, resources, (letters, names) =>
        {
            for (var step = 0; step < letters.Length; step++)
            {
                var part = -1.0;
                foreach (var name in names)
                {
                    if (!Room.TryGetValue(name, out var room) || room[step] <= 0) continue;
                    part = Math.Max(part, Used.TryGetValue(name, out var used) ? used[step] / room[step] : 0);
                }
                letters[step] = part < 0 ? '-' : Levels[(int)Math.Round(Math.Min(part, 1) * (Levels.Length - 1))];
            }
        });
    }
}
