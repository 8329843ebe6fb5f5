using Spillway.Cli.Reports;
using Spillway.Controllers.Objects;
using Spillway.Core.Plans;
using Spillway.Kubernetes;

namespace Spillway.Cli.Clusters;

/// <summary>Tells what happens in a cluster as it happens, one line an event, with the reasons.</summary>
internal sealed class Narrator
{
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _start;
    private readonly Action<string> _say;
    private readonly HashSet<string> _toldDecisions = new(StringComparer.Ordinal);
    private volatile bool _stopped;

    /// <summary>Asks for its informers and follows them once they are started.</summary>
    public Narrator(InformerSet informers, TimeProvider time, Action<string> say)
    {
        _time = time;
        _start = time.GetUtcNow();
        _say = say;
        informers.Get(Resources.Nodes).OnChange(OnNode);
        informers.Get(Resources.Pods).OnChange(OnPod);
        informers.Get(SpillwayResources.NodeClaims).OnChange(OnClaim);
    }

    /// <summary>Falls silent: what a cluster does while it stops is no news.</summary>
    public void Stop() => _stopped = true;

    private void OnPod(InformerChange<Pod> change)
    {
        var pod = change.Current;
        var name = pod.Namespace == "default" ? pod.Name : pod.Key.ToString();
        // What was over before this narrator came is no news.
        if (change.Kind == ChangeKind.Removed || (change.Before is null && Phase(pod) is "Succeeded" or "Failed"))
            return;
        var (node, before) = (Node(pod), change.Before is null ? "" : Node(change.Before));
        if (node.Length > 0 && before.Length == 0) Tell("pod", $"{name} goes to {node}");
        else if (node.Length == 0 && Why(pod) is { } why && why != (change.Before is null ? null : Why(change.Before)))
            Tell("pod", $"{name} waits: {why}");
        var (phase, phaseBefore) = (Phase(pod), change.Before is null ? "Pending" : Phase(change.Before));
        if (phase != phaseBefore && phase != "Pending") Tell("pod", $"{name} {Verb(phase)} on {node}");
    }

    private void OnNode(InformerChange<Node> change)
    {
        var node = change.Current;
        var pool = node.Json.Text("metadata", "labels", NodeLabels.Pool);
        var kind = pool is null ? "owned" : $"pool {pool}";
        if (change.Kind == ChangeKind.Removed) Tell("node", $"{node.Name} is gone ({kind})");
        else if (IsReady(node) && (change.Before is null || !IsReady(change.Before)))
            Tell("node", $"{node.Name} is ready ({kind})");
        else if (change.Before is { } before && IsReady(before) && !IsReady(node))
            Tell("node", $"{node.Name} is not ready ({kind})");
    }

    private void OnClaim(InformerChange<NodeClaim> change)
    {
        var claim = change.Current;
        if (change.Kind == ChangeKind.Added && _toldDecisions.Add(claim.Decision))
        {
            Tell("burst", $"{claim.Pool} grows by a {claim.InstanceType} ({claim.Price}): {claim.Why}");
            foreach (var rejected in claim.Rejected) _say($"                 not {rejected.Pool}: {rejected.Why}");
        }
        if (change.Kind == ChangeKind.Removed) Tell("burst", $"{claim.Name} is given back");
        else if (claim.Message.Length > 0 && claim.Message != change.Before?.Message)
            Tell("burst", $"{claim.Name}: {claim.Message}");
    }

    private void Tell(string about, string what)
    {
        if (!_stopped) _say($"{ReportTables.Text(_time.GetUtcNow() - _start),8}  {about,-5}  {what}");
    }

    private static string Node(Pod pod) => pod.Json.Text("spec", "nodeName") ?? "";

    private static string Phase(Pod pod) => pod.Json.Text("status", "phase") ?? "Pending";

    private static string? Why(Pod pod) => pod.Json.Text("metadata", "annotations", SpillwayNames.WhyAnnotation);

    private static bool IsReady(Node node) => node.Json.ObjectsAt("status", "conditions")
        .Any(condition => condition.Text("type") == "Ready" && condition.Text("status") == "True");

    private static string Verb(string phase) => phase switch
    {
        "Running" => "runs",
        "Succeeded" => "succeeded",
        "Failed" => "failed",
        _ => phase,
    };
}
