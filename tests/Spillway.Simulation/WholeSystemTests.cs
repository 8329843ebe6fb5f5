using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Spillway.Controllers;
using Spillway.Controllers.Costs;
using Spillway.Core.ClusterFile;
using Spillway.Kubernetes;
using Spillway.Sandbox;
using Spillway.Sandbox.Time;

namespace Spillway.Simulation;

/// <summary>
/// Whole clusters under virtual time, with faults, from a seed. A failure names its seed: run that one alone with
/// SPILLWAY_SIMULATION_SEED=n.
/// </summary>
public sealed class WholeSystemTests
{
    private const int FewSeeds = 3;
    private const int ManySeeds = 60;

    private const string Lab = """
        apiVersion: spillway.dev/v1
        kind: Cluster
        metadata: {name: simulation}
        spec:
          machines:
            - {name: box-1, site: office, capacity: {cpu: 8, memory: 32Gi}}
            - {name: box-2, site: office, capacity: {cpu: 4, memory: 16Gi}}
          pools:
            - name: steady
              cloud: {simulated: {region: us-east-1, startup: 60s, launchFailureRate: 0.2}}
              instanceTypes: [m5.large, m5.xlarge]
              max: 4
            - name: spot
              cloud: {simulated: {region: us-east-1, startup: 45s, launchFailureRate: 0.2, stock: {m5.2xlarge: 2},
                stockouts: [{purchase: spot, from: 10m, to: 20m}], spotInterruptions: {perHour: 0.9}}}
              instanceTypes: [m5.2xlarge]
              purchase: spot
              max: 3
          policy:
            burst: {mode: auto, waitForOnPrem: 30s, idleAfter: 2m, budget: {perHour: 1 USD}}
        """;

    public static IEnumerable<TheoryDataRow<int>> Seeds()
    {
        if (int.TryParse(Environment.GetEnvironmentVariable("SPILLWAY_SIMULATION_SEED"), out var only))
            return [new(only)];
        var count = Environment.GetEnvironmentVariable("SPILLWAY_TEST_ALL") is { Length: > 0 } ? ManySeeds : FewSeeds;
        return Enumerable.Range(1, count).Select(seed => new TheoryDataRow<int>(seed));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Whatever_fails_no_job_is_lost_and_no_limit_is_passed(int seed)
    {
        var time = new VirtualTime(new DateTimeOffset(2026, 1, 5, 0, 0, 0, TimeSpan.Zero));
        try
        {
            time.Run(() => new Run(seed, time).PlayAsync());
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"Seed {seed} failed at {time.GetUtcNow():u}: {failure.Message}", failure);
        }
    }

    private sealed class Run(int seed, VirtualTime time)
    {
        private readonly Random _random = new(seed);
        private readonly ClusterModel _model = Read();
        private readonly Ledger _ledger = Ledger.Open(null);
        private EmbeddedCluster _cluster = null!;
        private FaultyTransport _transport = null!;
        private ControllerHost _controllers = null!;
        private Invariants _invariants = null!;
        private KubernetesClient _client = null!;
        private int _submitted;

        public async Task PlayAsync()
        {
            _cluster = await EmbeddedCluster.StartAsync(
                new EmbeddedClusterOptions { Model = _model, Time = time, Seed = seed }, CancellationToken.None);
            await using (_cluster)
            {
                _client = new KubernetesClient(_cluster.Transport);
                _transport = new FaultyTransport(_cluster.Server.Transport("spillway"), _random);
                _invariants = new Invariants(_cluster, _model, _client);
                await StartControllersAsync();
                for (var step = 0; step < 60; step++)
                {
                    await StepAsync();
                    await time.SettleAsync();
                    await _invariants.CheckAsync();
                }
                await CalmDownAsync();
                await _controllers.DisposeAsync();
            }
            _ledger.Dispose();
        }

        private async Task StepAsync()
        {
            switch (_random.Next(10))
            {
                case < 5:
                    await SubmitAsync();
                    break;
                case 5:
                    _transport.LossRate = _random.NextDouble() * 0.2;
                    _transport.BreakRate = _random.NextDouble() * 0.05;
                    break;
                case 6:
                    await _controllers.DisposeAsync();
                    await Task.Delay(TimeSpan.FromSeconds(_random.Next(60)), time);
                    await StartControllersAsync();
                    break;
            }
            await Task.Delay(TimeSpan.FromSeconds(_random.Next(1, 90)), time);
        }

        /// <summary>Faults end, and everything that was submitted must come to its end and every machine be given back.</summary>
        private async Task CalmDownAsync()
        {
            _transport.LossRate = _transport.BreakRate = 0;
            for (var minute = 0; minute < 24 * 60; minute++)
            {
                await Task.Delay(TimeSpan.FromMinutes(1), time);
                await _invariants.CheckAsync();
                var jobs = await _client.ListAsync(Resources.Jobs, ListQuery.All, CancellationToken.None);
                if (jobs.Items.All(j => j.IsComplete) && _cluster.Clouds.Machines.All(m => !m.IsRunning)) return;
            }
            var open = (await _client.ListAsync(Resources.Pods, ListQuery.All, CancellationToken.None)).Items
                .Where(p => !p.IsFinished).Select(p =>
                    $"{p.Name} {p.Phase} {p.FindCondition("PodScheduled")?.Message}");
            throw new TimeoutException(
                $"After a day without faults there are still: {string.Join("; ", open)}; machines "
                + string.Join(", ", _cluster.Clouds.Machines.Where(m => m.IsRunning).Select(m => m.Claim)));
        }

        private async Task StartControllersAsync()
        {
            // Starting is not what is tried here: a process that cannot reach its server at its start ends with an error.
            var (loss, broken) = (_transport.LossRate, _transport.BreakRate);
            _transport.LossRate = _transport.BreakRate = 0;
            _controllers = new ControllerHost(new ControllerOptions(_model, _transport, _cluster.Cloud, _ledger)
            {
                Time = time, Random = new Random(_random.Next()), Logger = NullLogger.Instance,
            });
            await _controllers.StartAsync(CancellationToken.None);
            (_transport.LossRate, _transport.BreakRate) = (loss, broken);
        }

        private async Task SubmitAsync()
        {
            var name = $"job-{_submitted++}";
            var cpu = _random.Next(1, 8);
            var job = JsonNode.Parse($$$"""
                {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "{{{name}}}", "namespace": "default"},
                 "spec": {"backoffLimit": 100, "template": {
                   "metadata": {"annotations": {"spillway.dev/duration": "{{{_random.Next(20, 400)}}}s"}},
                   "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox",
                     "resources": {"requests": {"cpu": "{{{cpu}}}", "memory": "{{{cpu}}}Gi"}} }]} } } }
                """)!.AsObject();
            var made = await _client.CreateAsync(Resources.Jobs, Resources.Jobs.Wrap(job), CancellationToken.None);
            made.OrThrow();
            _invariants.Expect(name);
        }

        private static ClusterModel Read()
        {
            var read = ClusterFileReader.ReadCluster([new SourceFile("cluster.yaml", Encoding.UTF8.GetBytes(Lab))]);
            read.Diagnostics.Where(d => d.IsError).ShouldBeEmpty();
            return read.Model!;
        }
    }
}
