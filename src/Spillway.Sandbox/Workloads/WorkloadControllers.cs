using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>The loops that kube-controller-manager runs on a real cluster, over one shared set of informers.</summary>
public sealed class WorkloadControllers : IAsyncDisposable
{
    private readonly List<IWorkloadController> _controllers;

    private WorkloadControllers(List<IWorkloadController> controllers) => _controllers = controllers;

    /// <summary>
    /// Wires all controllers and starts them. The informers are started too; the caller keeps and disposes them. Each
    /// loop begins when its own informers have their first list.
    /// </summary>
    public static WorkloadControllers Start(
        KubernetesClient client, InformerSet informers, TimeProvider time, WorkloadOptions options, ILogger logger)
    {
        var context = new WorkloadContext(client, informers, time, logger);
        var started = new WorkloadControllers(
        [
            new NamespaceDefaults(context, options.RootCertificate),
            new NamespaceDeletion(context),
            new GarbageCollection(context),
            new ReplicaSets(context),
            new Deployments(context),
            new Jobs(context),
            new CronJobs(context),
            new StatefulSets(context),
            new DaemonSets(context),
            new DisruptionBudgets(context),
            new NodeLifecycle(context, options.NodeGrace),
            new TaintEviction(context),
            new PodCleanup(context),
            new ServiceEndpoints(context),
            new VolumeBinding(context),
            new VolumeProtection(context),
        ]);
        if (options.Sign is { } sign) started._controllers.Add(new CertificateSigning(context, sign));
        if (options.RefreshQuotas is { } refresh) started._controllers.Add(new QuotaStatus(context, refresh));
        foreach (var controller in started._controllers) controller.Start();
        informers.Start();
        return started;
    }

    /// <summary>Started with options of their own where the defaults do not fit.</summary>
    public static WorkloadControllers Start(
        KubernetesClient client, InformerSet informers, TimeProvider time, ILogger logger) =>
        Start(client, informers, time, new WorkloadOptions(), logger);

    public async ValueTask DisposeAsync()
    {
        foreach (var controller in _controllers) await controller.DisposeAsync();
    }
}

/// <summary>What the loops need to know of the cluster. The defaults are kube-controller-manager's.</summary>
public sealed record WorkloadOptions
{
    /// <summary>PEM of the authority behind the API server's certificate, published in every namespace.</summary>
    public string RootCertificate { get; init; } = "";

    /// <summary>
    /// How long after its last heartbeat a node is Unknown. Default 50 s, as Kubernetes 1.32 and later: five heartbeats.
    /// </summary>
    public TimeSpan NodeGrace { get; init; } = TimeSpan.FromSeconds(50);

    /// <summary>Counts a namespace's quotas afresh, by the server's own rules; null where the server does so itself.</summary>
    public Func<string, CancellationToken, ValueTask>? RefreshQuotas { get; init; }

    /// <summary>Makes a certificate (PEM) of a request, for usages and a time; null where nobody signs.</summary>
    public Func<CertificateRequest, IReadOnlyCollection<string>, TimeSpan, string>? Sign { get; init; }
}
