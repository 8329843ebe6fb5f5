using Spillway.Controllers.Objects;
using Spillway.Core.ClusterFile;
using Spillway.Kubernetes;

namespace Spillway.Cli.Clusters;

/// <summary>A pod that could not run, and why.</summary>
internal sealed record Stranded(string Pod, string Why);

/// <summary>
/// Waits until a cluster has nothing left to do: no job runs or can still start, and the cloud is as empty as the pools'
/// minima allow.
/// </summary>
internal sealed class IdleWatch
{
    // Between a pod's end and its job's last word, or a claim's removal, there are moments in which nothing shows:
    // only a rest that lasts counts.
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    private readonly Cluster _cluster;
    private readonly TimeProvider _time;
    private readonly Informer<FollowedPod> _pods;
    private readonly Informer<Job> _jobs;
    private readonly Informer<NodeClaim> _claims;
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>Asks for its informers; they must be started before <see cref="WaitAsync"/>.</summary>
    public IdleWatch(InformerSet informers, Cluster cluster, TimeProvider time)
    {
        _cluster = cluster;
        _time = time;
        _pods = informers.Get(Resources.Pods, FollowedPod.Decode);
        _jobs = informers.Get(Resources.Jobs);
        _claims = informers.Get(SpillwayResources.NodeClaims);
        _pods.OnChange(_ => _changed.TrySetResult());
        _jobs.OnChange(_ => _changed.TrySetResult());
        _claims.OnChange(_ => _changed.TrySetResult());
    }

    /// <summary>Completes when the cluster rests; the answer is the pods that could not run.</summary>
    public async Task<IReadOnlyList<Stranded>> WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            _changed = NewSignal();
            if (IsIdle())
            {
                await Task.Delay(Rest, _time, cancellationToken);
                if (!_changed.Task.IsCompleted && IsIdle()) return StrandedPods();
                continue;
            }
            await using var end = cancellationToken.Register(() => _changed.TrySetCanceled(cancellationToken));
            await _changed.Task;
        }
    }

    /// <summary>What has not run when time is up: pods without a node, whatever they wait for, and jobs without pods.</summary>
    public IReadOnlyList<Stranded> Waiting()
    {
        var pods = _pods.List();
        var podless = _jobs.List()
            .Where(job => IsActive(job, pods) && !pods.Any(pod => pod.Controller == job.Uid))
            .Select(job => new Stranded($"{job.Key}", "the job has made no pod"));
        return [.. Stranded(pod => !pod.IsFinished && pod.Node.Length == 0), .. podless];
    }

    // Pods that wait for what will not come by itself.
    private IReadOnlyList<Stranded> StrandedPods() => Stranded(pod => !pod.IsFinished && pod.IsStuck);

    private IReadOnlyList<Stranded> Stranded(Func<FollowedPod, bool> which) =>
        [.. _pods.List()
            .Where(which)
            .OrderBy(pod => pod.Key.ToString(), StringComparer.Ordinal)
            .Select(pod => new Stranded(pod.Key.ToString(), pod.Why ?? "no reason was given"))];

    private bool IsIdle()
    {
        var pods = _pods.List();
        return !pods.Any(IsActive) && !_jobs.List().Any(job => IsActive(job, pods)) && IsCloudEmpty();
    }

    private bool IsCloudEmpty() => !_claims.List()
        .GroupBy(claim => claim.Pool)
        .Any(pool => pool.Count() > (_cluster.FindPool(pool.Key)?.Min ?? 0));

    private static bool IsActive(Job job, IReadOnlyList<FollowedPod> pods)
    {
        if (job.IsFinished || job.Json.Flag("spec", "suspend") == true || job.IsTerminating) return false;
        var own = pods.Where(pod => pod.Controller == job.Uid && !pod.IsFinished).ToList();
        // A job between two of its pods still has something to start.
        return own.Count == 0 || own.Any(pod => !pod.IsStuck);
    }

    private static bool IsActive(FollowedPod pod)
    {
        if (pod.IsFinished || pod.IsStuck) return false;
        // A service runs until somebody deletes it: it is no job, and waiting for its end would be waiting for ever.
        return pod.Node.Length == 0 || pod.IsJob || pod.IsTerminating;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
