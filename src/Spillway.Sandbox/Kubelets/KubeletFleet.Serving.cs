using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Http;
using Spillway.ApiServer.Registry;
using Spillway.Kubernetes;
using Spillway.Sandbox.Time;
using LabelSelector = Spillway.Kubernetes.LabelSelector;

namespace Spillway.Sandbox.Kubelets;

/// <summary>What the API server asks kubelets for on behalf of its clients: logs and measurements.</summary>
public sealed partial class KubeletFleet
{
    /// <summary>How often a followed log looks for something new.</summary>
    private static readonly TimeSpan FollowEvery = TimeSpan.FromSeconds(1);

    /// <summary>A container's log, as the API server's clients get it.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadLogsAsync(
        LogRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var key = new ObjectKey(request.Namespace, request.Pod);
        var query = new LogQuery
        {
            Container = request.Container,
            Previous = request.Previous,
            Timestamps = request.Timestamps,
            Since = request.Since,
            Tail = request.TailLines,
        };
        var told = 0;
        while (await _client.GetAsync(Resources.Pods, key, cancellationToken) is { } pod)
        {
            var (state, error) = PodLogs.Find(pod, request.Container, request.Previous);
            if (state is null && told == 0 && !request.Follow)
            {
                yield return Encoding.UTF8.GetBytes(error!);
                yield break;
            }
            var lines = state is null ? [] : PodLogs.Lines(pod, request.Container, state, _time.GetUtcNow()).ToList();
            var news = told == 0 ? PodLogs.Print(lines, query)
                : PodLogs.Print(lines.Skip(told), query with { Tail = null });
            foreach (var line in news) yield return Encoding.UTF8.GetBytes(line);
            told = Math.Max(told, lines.Count);
            if (!request.Follow || pod.IsFinished || state?["finishedAt"] is not null) yield break;
            await _time.WaitAtLeast(FollowEvery, cancellationToken);
        }
    }

    /// <summary>An answer of metrics.k8s.io about nodes or pods; null for something that is not measured.</summary>
    public JsonObject? Measure(RequestTarget target, Query query)
    {
        var selector = LabelSelector.Parse(query["labelSelector"] ?? "");
        if (target.Resource == "nodes")
        {
            var nodes = _kubelets.Values.Select(NodeMetrics);
            return target.Name.Length > 0
                ? nodes.FirstOrDefault(n => n.Text("metadata", "name") == target.Name)
                : List("NodeMetricsList", nodes, selector);
        }
        if (target.Resource != "pods") return null;
        var pods = _kubelets.Values.SelectMany(k => k.Runs).Select(PodMetrics).OfType<JsonObject>()
            .Where(p => target.Namespace.Length == 0 || p.Text("metadata", "namespace") == target.Namespace);
        return target.Name.Length > 0
            ? pods.FirstOrDefault(p => p.Text("metadata", "name") == target.Name)
            : List("PodMetricsList", pods, selector);
    }

    private JsonObject NodeMetrics(SimulatedKubelet kubelet) =>
        Usage.NodeMetrics(kubelet, WholePod, new Dice(_settings.Seed), _time.GetUtcNow());

    private JsonObject? PodMetrics(PodRun run) =>
        WholePod(run) is { } pod ? Usage.PodMetrics(run, pod, new Dice(_settings.Seed), _time.GetUtcNow()) : null;

    private Pod? WholePod(PodRun run) => _pods.Get(run.Key)?.Whole;

    private static JsonObject List(string kind, IEnumerable<JsonObject> items, LabelSelector selector) => new()
    {
        ["kind"] = kind,
        ["apiVersion"] = "metrics.k8s.io/v1beta1",
        ["metadata"] = new JsonObject(),
        ["items"] = new JsonArray([.. items.Where(i => selector.Matches(i.MapAt("metadata", "labels")))]),
    };
}
