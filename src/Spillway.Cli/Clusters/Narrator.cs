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
        informers.Get(Resources.Pods, FollowedPod.Decode).OnChange(OnPod);
        informers.Get(SpillwayResources.NodeClaims).OnChange(OnClaim);
    }

    /// <summary>Falls silent: what a cluster does while it stops is no news.</summary>
    public void Stop() => _stopped = true;

    private void OnPod(InformerChange<FollowedPod> change)
    {
        var (pod, before) = (change.Current, change.Before);
        var name = pod.Key.Namespace == "default" ? pod.Key.Name : pod.Key.ToString();
        // What was over before this narrator came is no news.
        if (change.Kind == ChangeKind.Removed || (before is null && pod.IsFinished)) return;
        if (pod.Node.Length > 0 && before is not { Node.Length: > 0 }) Tell("pod", $"{name} goes to {pod.Node}");
        else if (pod.Node.Length == 0 && pod.Why is { } why && why != before?.Why)
            Tell("pod", $"{name} waits: {why}");
        if (pod.Phase != (before?.Phase ?? "Pending") && pod.Phase != "Pending")
            Tell("pod", $"{name} {Verb(pod.Phase)} on {pod.Node}");
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
