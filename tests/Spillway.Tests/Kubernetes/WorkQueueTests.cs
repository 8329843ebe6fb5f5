using Microsoft.Extensions.Logging.Abstractions;
using Spillway.Kubernetes;
using Spillway.Sandbox.Time;

namespace Spillway.Tests.Kubernetes;

public sealed class WorkQueueTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly VirtualTime _time = new(Start);

    [Fact]
    public void A_key_waits_once_and_comes_back_when_added_during_its_work() => _time.Run(async () =>
    {
        var queue = new WorkQueue<string>(_time);
        queue.Add("a");
        queue.Add("a");
        queue.Add("b");
        queue.Count.ShouldBe(2);

        (await queue.TakeAsync(default)).Key.ShouldBe("a");
        queue.Add("a");
        queue.Count.ShouldBe(1);
        queue.Done("a");
        queue.Count.ShouldBe(2);
    });

    [Fact]
    public void Delayed_keys_come_when_due_and_the_earliest_wish_counts() => _time.Run(async () =>
    {
        var queue = new WorkQueue<string>(_time);
        queue.AddAfter("late", TimeSpan.FromSeconds(30));
        queue.AddAfter("a", TimeSpan.FromSeconds(20));
        queue.AddAfter("a", TimeSpan.FromSeconds(10));
        queue.AddAfter("a", TimeSpan.FromSeconds(15));

        (await queue.TakeAsync(default)).Key.ShouldBe("a");
        (_time.GetUtcNow() - Start).TotalSeconds.ShouldBe(10);
        queue.Done("a");
        (await queue.TakeAsync(default)).Key.ShouldBe("late");
        (_time.GetUtcNow() - Start).TotalSeconds.ShouldBe(30);
    });

    [Fact]
    public void Failures_of_one_key_wait_longer_each_time_and_are_forgotten_by_success() => _time.Run(async () =>
    {
        var queue = new WorkQueue<string>(_time, new WorkQueueLimits(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5)));
        var pauses = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            var before = _time.GetUtcNow();
            queue.AddRateLimited("a");
            await queue.TakeAsync(default);
            queue.Done("a");
            pauses.Add((_time.GetUtcNow() - before).TotalSeconds);
        }

        pauses.ShouldBe([1, 2, 4, 5, 5]);
        queue.Forget("a");
        queue.Failures("a").ShouldBe(0);
    });

    [Fact]
    public void Closing_hands_out_what_is_ready_and_completes_when_it_is_done() => _time.Run(async () =>
    {
        var queue = new WorkQueue<string>(_time);
        queue.Add("a");
        queue.AddAfter("never", TimeSpan.FromSeconds(1));
        var closing = queue.CloseAsync();
        queue.Add("b");

        (await queue.TakeAsync(default)).Key.ShouldBe("a");
        closing.IsCompleted.ShouldBeFalse();
        queue.Done("a");
        await closing;
        (await queue.TakeAsync(default)).HasKey.ShouldBeFalse();
    });

    [Fact]
    public void A_controller_tries_a_failing_key_again_and_serves_the_others_meanwhile() => _time.Run(async () =>
    {
        var seen = new List<string>();
        await using var controller = new Controller<string>("test", _time, NullLogger.Instance, (key, _) =>
        {
            seen.Add(key);
            if (key == "bad" && seen.Count(s => s == "bad") < 3) throw new InvalidDataException("not yet");
            return Task.FromResult(key == "later" && seen.Count(s => s == "later") < 2
                ? Reconciled.After(TimeSpan.FromMinutes(1))
                : Reconciled.Done);
        });
        controller.Start(workers: 1);
        controller.Queue.Add("bad");
        controller.Queue.Add("good");
        controller.Queue.Add("later");

        await Task.Delay(TimeSpan.FromMinutes(2), _time);

        seen.ShouldBe(["bad", "good", "later", "bad", "bad", "later"]);
        controller.Queue.Failures("bad").ShouldBe(0);
    });
}
