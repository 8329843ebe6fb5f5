using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Plans;
using Spillway.Core.Ports;
using Spillway.Kubernetes;
using Spillway.Sandbox.Kubelets;

namespace Spillway.Sandbox.Clouds;

/// <summary>
/// The clouds of a cluster file, simulated: real types and prices, machines that take their time to boot and then join by
/// themselves, and all the ways in which a cloud says no. Answers come at once; only what a cloud does later takes time.
/// </summary>
public sealed partial class SimulatedClouds : ICloud, IAsyncDisposable
{
    // Boot times of one type lie close together; a little spread keeps races in.
    private const double StartupJitter = 0.05;

    private readonly ClusterModel _model;
    private readonly KubeletFleet _fleet;
    private readonly TimeProvider _time;
    private readonly long _seed;
    private readonly ILogger _logger;
    private readonly CloudState _state;
    private readonly CapacityDesk _desk;
    private readonly Dictionary<string, IReadOnlyList<Offer>> _offers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _attempts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CancellationTokenSource> _lives = new(StringComparer.Ordinal);
    private readonly List<Channel<InterruptionNotice>> _watchers = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    /// <param name="stateFolder">Where the machines are remembered; null for memory only.</param>
    public SimulatedClouds(
        ClusterModel model, string? stateFolder, KubeletFleet fleet, TimeProvider time, long seed, ILogger logger)
    {
        _model = model;
        _fleet = fleet;
        _time = time;
        _seed = seed;
        _logger = logger;
        _state = CloudState.Open(stateFolder, time.GetUtcNow());
        _desk = new CapacityDesk(model.Cluster, _state);
    }

    /// <summary>Every machine that was ever launched, in order, with the times between which it was billed.</summary>
    public IReadOnlyCollection<RentedMachine> Machines => _state.Machines;

    /// <summary>When the run began that the file's stock-outs and interruptions count from.</summary>
    public DateTimeOffset StartedAt => _state.StartedAt;

    /// <summary>Lets the machines of an earlier run go on, and the scripted interruptions begin.</summary>
    public void Start()
    {
        foreach (var machine in _state.Machines.Where(m => m.IsRunning).ToList()) Begin(machine);
        foreach (var pool in _model.Cluster.Pools)
        {
            var spot = CapacityDesk.Settings(pool).SpotInterruptions;
            foreach (var at in spot?.At ?? []) _running.Add(TakeOldestAsync(pool.Name, at, spot!.Notice));
        }
    }

    public Task<IReadOnlyList<Offer>> ListOffersAsync(string pool, CancellationToken cancellationToken)
    {
        var known = Pool(pool);
        var cloud = CapacityDesk.Settings(known);
        if (!_offers.TryGetValue(pool, out var offers))
        {
            offers = [.. PoolOffers.For(known, _model).Select(o => Offer.Of(o) with { Startup = cloud.Startup })];
            _offers[pool] = offers;
        }
        return Task.FromResult<IReadOnlyList<Offer>>(
            [.. offers.Select(o => o with { Stock = _desk.Left(cloud, known, o.InstanceType) })]);
    }

    public Task<LaunchResult> LaunchAsync(LaunchOrder order, CancellationToken cancellationToken)
    {
        if (_state.FindToken(order.Token.Value) is { } known) return Launched(known);
        var pool = Pool(order.Offer.Pool);
        var attempt = _attempts[order.Token.Value] = _attempts.GetValueOrDefault(order.Token.Value) + 1;
        var cloud = CapacityDesk.Settings(pool);
        var dice = DiceOf(cloud);
        var fails = dice.Roll("launch-fails", order.Token.Value, attempt.ToString()) < cloud.LaunchFailureRate;

        // Half of the failed calls have reached the cloud and lost the answer only: the case the token is for.
        var reaches = !fails || dice.Roll("launch-reaches", order.Token.Value, attempt.ToString()) < 0.5;
        if (reaches && _desk.Refusal(pool, order.Offer, _time.GetUtcNow()) is { } refusal && !fails)
        {
            LogRefused(_logger, order.Offer.Key, refusal.ToString());
            return Task.FromResult(refusal);
        }
        if (reaches && _desk.Refusal(pool, order.Offer, _time.GetUtcNow()) is null) Launch(order, cloud, dice);
        if (fails) throw new HttpRequestException($"The simulated cloud of pool {pool.Name} did not answer the launch.");
        return Launched(_state.FindToken(order.Token.Value)!);

        static Task<LaunchResult> Launched(RentedMachine machine) =>
            Task.FromResult<LaunchResult>(new LaunchResult.Launched(machine.MachineId));
    }

    public Task<RemoveResult> RemoveAsync(string machineId, CancellationToken cancellationToken)
    {
        if (_state.Find(machineId) is not { IsRunning: true } machine)
            return Task.FromResult<RemoveResult>(new RemoveResult.Gone());
        End(machine);
        return Task.FromResult<RemoveResult>(new RemoveResult.Removing());
    }

    public Task<IReadOnlyList<CloudMachine>> ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<CloudMachine>>(
            [.. _state.Machines.Where(m => m.IsRunning).Select(m => m.ToCloudMachine())]);

    public async IAsyncEnumerable<InterruptionNotice> WatchInterruptionsAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Unbounded, but no longer than the spot machines are many: each is noticed once.
        var notices = Channel.CreateUnbounded<InterruptionNotice>();
        var now = _time.GetUtcNow();
        foreach (var machine in _state.Machines)
        {
            if (machine.IsRunning && machine.NoticeAt <= now) notices.Writer.TryWrite(Notice(machine));
        }
        _watchers.Add(notices);
        try
        {
            while (await notices.Reader.WaitToReadAsync(cancellationToken))
            {
                while (notices.Reader.TryRead(out var notice)) yield return notice;
            }
        }
        finally
        {
            _watchers.Remove(notices);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        foreach (var life in _lives.Values) life.Cancel();
        await Task.WhenAll(_running);
        _stop.Dispose();
    }

    private void Launch(LaunchOrder order, PoolCloud.Simulated cloud, Dice dice)
    {
        var (token, offer) = (order.Token.Value, order.Offer);
        var now = _time.GetUtcNow();
        var jitter = 1 + (StartupJitter * ((2 * dice.Roll("startup", token)) - 1));
        DateTimeOffset? taken = null;
        if (offer.Purchase == PurchaseOption.Spot)
        {
            var known = InstanceCatalog.Find(cloud.Region, offer.InstanceType);
            var band = known?.Interruptions ?? InterruptionBand.Unknown;
            taken = now + SpotMarket.Lifetime(cloud, band, dice.Roll("interruption", token));
        }
        var notice = taken - (cloud.SpotInterruptions?.Notice ?? SpotMarket.DefaultNotice);
        var machine = new RentedMachine
        {
            MachineId = "i-" + dice.Hex(17, "machine", token),
            Token = token,
            Claim = order.Claim,
            Pool = offer.Pool,
            InstanceType = offer.InstanceType,
            Zone = offer.Zone,
            Purchase = offer.Purchase,
            Number = _state.Machines.Count,
            LaunchedAt = now,
            BootsAt = now + (cloud.Startup * jitter),
            TakenAt = taken,
            NoticeAt = notice < now ? now : notice,
        };
        _state.Keep(machine);
        LogLaunched(_logger, machine.MachineId, machine.InstanceType, machine.Claim);
        Begin(machine);
    }

    private Pool Pool(string name) => _model.Cluster.FindPool(name)
        ?? throw new ArgumentException($"The cluster file has no pool '{name}'.", nameof(name));

    private Dice DiceOf(PoolCloud.Simulated cloud) => new(cloud.Seed ?? _seed);

    [LoggerMessage(210, LogLevel.Information, "Machine {Machine} ({Type}) launched for {Claim}")]
    private static partial void LogLaunched(ILogger logger, string machine, string type, string claim);

    [LoggerMessage(211, LogLevel.Information, "Launch of {Offer} was refused: {Why}")]
    private static partial void LogRefused(ILogger logger, OfferKey offer, string why);
}
