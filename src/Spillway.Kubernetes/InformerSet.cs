using Microsoft.Extensions.Logging;

namespace Spillway.Kubernetes;

/// <summary>How an informer lists and watches.</summary>
public sealed record InformerOptions(TimeProvider Time, Random Random, ILogger Logger)
{
    /// <summary>Namespace and selectors that bound it.</summary>
    public ListQuery Scope { get; init; } = ListQuery.All;

    /// <summary>Objects a page of a plain list. 500 is what kubectl and client-go ask for.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>How long a watch lasts at least, at most twice as long.</summary>
    public TimeSpan WatchTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Ask for bookmarks, which let an idle watch be resumed. Without them (and so without streaming lists) an idle
    /// cluster is really idle, and a watch that ended long ago leads to a new list.
    /// </summary>
    public bool Bookmarks { get; init; } = true;

    /// <summary>Ask for a streaming list first. A server that knows none refuses and is then listed page by page.</summary>
    public bool StreamingList { get; init; } = true;
}

/// <summary>
/// The informers of one process. Who asks for the same resource read the same way gets the same informer: one watch and
/// one copy, however many loops read it.
/// </summary>
public sealed class InformerSet(KubernetesClient client, TimeProvider time, Random random, ILogger logger)
    : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(KubernetesResource Resource, Type Type), Informer> _informers = [];
    private readonly List<Informer> _order = [];
    private readonly List<Task> _running = [];
    private readonly CancellationTokenSource _stop = new();
    private bool _started;

    public KubernetesClient Client { get; } = client;

    /// <summary>How long a watch lasts at least, at most twice as long. Default five minutes, as client-go.</summary>
    public TimeSpan WatchTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <inheritdoc cref="InformerOptions.Bookmarks"/>
    public bool Bookmarks { get; init; } = true;

    /// <summary>
    /// For an API server in the same process: there is no connection that could break, so watches last for days and need
    /// no bookmarks, and an idle cluster is really idle.
    /// </summary>
    public static InformerSet InProcess(
        KubernetesClient client, TimeProvider time, Random random, ILogger logger) => new(client, time, random, logger)
    {
        WatchTimeout = TimeSpan.FromDays(10), Bookmarks = false,
    };

    /// <summary>The informer whose objects are read through the resource's view, without their managed fields.</summary>
    public Informer<T> Get<T>(KubernetesResource<T> resource) where T : KubernetesObject =>
        Get(resource, resource.DecodeTrimmed);

    /// <summary>The informer whose objects are decoded by the caller. Bytes are valid during the call only.</summary>
    public Informer<T> Get<T>(KubernetesResource resource, Func<ReadOnlyMemory<byte>, T> decode) where T : class
    {
        lock (_gate)
        {
            var key = (new KubernetesResource(
                resource.Group, resource.Version, resource.Plural, resource.Kind, resource.Namespaced),
                typeof(T));
            if (_informers.TryGetValue(key, out var known)) return (Informer<T>)known;

            // Own generator: informers on the thread pool must not share one.
            var options = new InformerOptions(time, new Random(random.Next()), logger)
            {
                WatchTimeout = WatchTimeout,
                Bookmarks = Bookmarks,
                StreamingList = Bookmarks,
            };
            var informer = new Informer<T>(Client, resource, decode, options);
            _informers.Add(key, informer);
            _order.Add(informer);
            if (_started) _running.Add(informer.RunAsync(_stop.Token));
            return informer;
        }
    }

    /// <summary>Starts what was asked for so far; later informers start when they are asked for.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (_started) return;
            _started = true;
            // A copy: in process a first list is there at once, and what hears of it may ask for further informers.
            foreach (var informer in _order.ToArray()) _running.Add(informer.RunAsync(_stop.Token));
        }
    }

    /// <summary>Waits until every informer asked for so far has its first list.</summary>
    public Task WaitForSyncAsync(CancellationToken cancellationToken)
    {
        lock (_gate) return Task.WhenAll(_order.Select(i => i.Synced)).WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        Task[] running;
        lock (_gate) running = [.. _running];
        await Task.WhenAll(running);
        _stop.Dispose();
    }
}
