using Microsoft.Extensions.Logging.Abstractions;
using Spillway.Kubernetes;
using Spillway.Sandbox.Time;

namespace Spillway.Tests.Kubernetes;

public sealed class EventRecorderTests
{
    private readonly VirtualTime _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly MemoryApi _api = new();
    private readonly Pod _pod = Resources.Pods.New(new ObjectKey("lab", "train"));

    [Fact]
    public void The_same_note_is_counted_up() => _time.Run(async () =>
    {
        await using (var events = Recorder())
        {
            for (var i = 0; i < 5; i++)
            {
                events.Record(_pod, "Warning", "FailedScheduling", "0/1 nodes are available");
                await Task.Delay(TimeSpan.FromSeconds(10), _time);
            }
        }

        var written = (await EventsAsync()).ShouldHaveSingleItem();
        written.Count.ShouldBe(5);
        written.Reason.ShouldBe("FailedScheduling");
        written.Regarding.Text("name").ShouldBe("train");
        written.LastSeen.ShouldBe(new DateTimeOffset(2026, 1, 1, 0, 0, 40, TimeSpan.Zero));
    });

    [Fact]
    public void An_object_with_too_much_to_say_is_cut_short_and_others_are_not() => _time.Run(async () =>
    {
        var events = Recorder();
        for (var i = 0; i < 100; i++) events.Record(_pod, "Normal", "Noise", $"number {i}");
        events.Record(Resources.Pods.New(new ObjectKey("lab", "other")), "Normal", "Started", "once");
        await events.DisposeAsync();

        events.Dropped.ShouldBe(75);
        (await EventsAsync()).Count.ShouldBe(26);
    });

    [Fact]
    public void A_server_that_is_away_does_not_hold_up_the_work() => _time.Run(async () =>
    {
        _api.IsDown = true;
        await using var events = Recorder();

        events.Record(_pod, "Normal", "Started", "once");
    });

    private EventRecorder Recorder() => new(new KubernetesClient(_api), "test", _time, NullLogger.Instance);

    private async Task<IReadOnlyList<KubernetesEvent>> EventsAsync() =>
        (await new KubernetesClient(_api).ListAsync(
            Resources.Events, new ListQuery { Namespace = "lab" }, default)).Items;
}
