using Microsoft.Extensions.Logging.Abstractions;
using Spillway.Kubernetes;
using Spillway.Sandbox.Time;

namespace Spillway.Tests.Kubernetes;

public sealed class LeaderElectionTests
{
    private static readonly ObjectKey LeaseKey = new("kube-system", "spillway");
    private readonly VirtualTime _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly MemoryApi _api = new();
    private readonly List<string> _said = [];

    [Fact]
    public void The_second_waits_and_leads_soon_after_the_first_gives_back() => _time.Run(async () =>
    {
        using var stopFirst = new CancellationTokenSource();
        using var stopSecond = new CancellationTokenSource();
        var first = RunAsync("first", stopFirst);
        await Task.Delay(TimeSpan.FromSeconds(1), _time);
        var second = RunAsync("second", stopSecond);
        await Task.Delay(TimeSpan.FromMinutes(5), _time);
        _said.ShouldBe(["first leads"]);

        stopFirst.Cancel();
        await first;
        await Task.Delay(TimeSpan.FromSeconds(4), _time);

        _said.ShouldBe(["first leads", "first stops", "second leads"]);
        stopSecond.Cancel();
        await second;
    });

    [Fact]
    public void A_leader_that_cannot_renew_stops_before_another_may_begin() => _time.Run(async () =>
    {
        using var stop = new CancellationTokenSource();
        var first = RunAsync("first", stop);
        await Task.Delay(TimeSpan.FromSeconds(30), _time);

        var cut = _time.GetUtcNow();
        _api.IsDown = true;
        await first;

        (_time.GetUtcNow() - cut).TotalSeconds.ShouldBeInRange(8, 12);
        _said.ShouldBe(["first leads", "first stops"]);
    });

    private async Task RunAsync(string name, CancellationTokenSource stop)
    {
        var options = new LeaderElectionOptions(LeaseKey, name);
        var election = new LeaderElection(new KubernetesClient(_api), options, _time, NullLogger.Instance);
        await election.RunAsync(async term =>
        {
            _said.Add(name + " leads");
            var ended = new TaskCompletionSource();
            await using var _ = term.Register(ended.SetResult);
            await ended.Task;
            _said.Add(name + " stops");
        }, stop.Token);
    }
}
