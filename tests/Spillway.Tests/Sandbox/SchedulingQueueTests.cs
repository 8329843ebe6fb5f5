using Spillway.Core.Placement;
using Spillway.Sandbox.Scheduling;

namespace Spillway.Tests.Sandbox;

public sealed class SchedulingQueueTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly SchedulingQueue _queue = new();

    [Fact]
    public void Higher_priority_comes_first_and_equals_in_the_order_they_came()
    {
        _queue.Add(Key("a"), 0, Start);
        _queue.Add(Key("b"), 10, Start.AddSeconds(1));
        _queue.Add(Key("c"), 0, Start);

        TakeAll(Start.AddSeconds(1)).ShouldBe(["b", "a", "c"]);
    }

    [Fact]
    public void A_refused_pod_waits_for_an_event_that_may_help()
    {
        _queue.Add(Key("a"), 0, Start);
        TakeAll(Start);
        _queue.PutBack(Key("a"), ClusterEvents.NodeAdded, Start);

        _queue.Wake(ClusterEvents.PodFreed, Start.AddMinutes(1)).ShouldBeFalse();
        TakeAll(Start.AddMinutes(1)).ShouldBeEmpty();
        _queue.Wake(ClusterEvents.NodeAdded, Start.AddMinutes(1)).ShouldBeTrue();
        TakeAll(Start.AddMinutes(1)).ShouldBe(["a"]);
    }

    [Fact]
    public void A_refused_pod_gives_way_to_others_while_it_rests_and_is_tried_when_none_is_left()
    {
        _queue.Add(Key("refused"), 100, Start);
        TakeAll(Start);
        _queue.PutBack(Key("refused"), ClusterEvents.NodeAdded, Start);
        _queue.Wake(ClusterEvents.NodeAdded, Start);
        _queue.Add(Key("fresh"), 0, Start);

        TakeAll(Start).ShouldBe(["fresh", "refused"]);
    }

    [Fact]
    public void A_pod_whose_write_failed_rests_to_the_end()
    {
        _queue.Add(Key("a"), 0, Start);
        TakeAll(Start);
        _queue.Retry(Key("a"), Start);

        TakeAll(Start).ShouldBeEmpty();
        TakeAll(Start.AddSeconds(1)).ShouldBe(["a"]);
    }

    [Fact]
    public void Rests_double_up_to_ten_seconds()
    {
        _queue.Add(Key("a"), 0, Start);
        var now = Start;
        var rests = new List<double>();
        for (var i = 0; i < 6; i++)
        {
            TakeAll(now).ShouldBe(["a"]);
            _queue.Retry(Key("a"), now);
            var due = _queue.NextDue()!.Value;
            rests.Add((due - now).TotalSeconds);
            now = due;
        }

        rests.ShouldBe([1, 2, 4, 8, 10, 10]);
    }

    [Fact]
    public void A_removed_pod_never_comes_out()
    {
        _queue.Add(Key("a"), 0, Start);
        _queue.Remove(Key("a"));
        _queue.Add(Key("b"), 0, Start);
        TakeAll(Start).ShouldBe(["b"]);
        _queue.Remove(Key("b"));

        _queue.Retry(Key("b"), Start);

        TakeAll(Start.AddHours(1)).ShouldBeEmpty();
        _queue.Count.ShouldBe(0);
    }

    private static PodKey Key(string name) => new("default", name);

    private List<string> TakeAll(DateTimeOffset now)
    {
        var names = new List<string>();
        while (_queue.TryTake(now, out var key)) names.Add(key.Name);
        return names;
    }
}
