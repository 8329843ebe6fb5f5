using Microsoft.Extensions.Logging;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>What every workload controller works with: one client, one set of informers, one clock.</summary>
internal sealed class WorkloadContext
{
    public WorkloadContext(KubernetesClient client, InformerSet informers, TimeProvider time, ILogger logger)
    {
        Client = client;
        Informers = informers;
        Time = time;
        Logger = logger;
        Pods = informers.Get(Resources.Pods);
        PodsByOwner = Pods.AddIndex(OwnerUid);
        LoosePods = Pods.AddIndex(static p => p.Controller is null ? [p.Namespace] : []);
        PodsByNode = Pods.AddIndex(static p => p.NodeName.Length > 0 ? [p.NodeName] : []);
    }

    public KubernetesClient Client { get; }

    public InformerSet Informers { get; }

    public TimeProvider Time { get; }

    public ILogger Logger { get; }

    public Informer<Pod> Pods { get; }

    /// <summary>Pods by the uid of their managing controller.</summary>
    public InformerIndex<Pod> PodsByOwner { get; }

    /// <summary>Pods that nobody manages, by namespace.</summary>
    public InformerIndex<Pod> LoosePods { get; }

    public InformerIndex<Pod> PodsByNode { get; }

    public DateTimeOffset Now => Time.GetUtcNow();

    public EventRecorder Recorder(string component) => new(Client, component, Time, Logger);

    public static IEnumerable<string> OwnerUid(KubernetesObject item) =>
        item.Controller is { } owner ? [owner.Uid] : [];
}

/// <summary>One of the controllers: started after it is wired, stopped by disposing it.</summary>
internal interface IWorkloadController : IAsyncDisposable
{
    void Start();
}
