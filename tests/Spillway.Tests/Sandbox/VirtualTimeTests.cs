using System.Threading.Channels;
using Spillway.Sandbox.Time;

namespace Spillway.Tests.Sandbox;

public sealed class VirtualTimeTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_day_passes_at_once()
    {
        var time = new VirtualTime(Start);

        time.Run(() => Task.Delay(TimeSpan.FromDays(1), time));

        time.GetUtcNow().ShouldBe(Start.AddDays(1));
        time.Steps.ShouldBeLessThan(10);
    }

    [Fact]
    public void Timers_due_together_fire_in_the_order_they_were_set()
    {
        var time = new VirtualTime(Start);
        var seen = new List<string>();

        time.Run(async () =>
        {
            var all = new List<Task>();
            foreach (var name in new[] { "a", "b", "c", "d" })
                all.Add(Note(name, name == "b" ? 1 : 2));
            await Task.WhenAll(all);
        });

        seen.ShouldBe(["b", "a", "c", "d"]);

        async Task Note(string name, int seconds)
        {
            await Task.Delay(TimeSpan.FromSeconds(seconds), time);
            seen.Add(name);
        }
    }

    [Fact]
    public void Continuations_of_channels_and_completion_sources_come_back_to_the_loop()
    {
        var time = new VirtualTime(Start);
        var threads = new HashSet<int>();

        time.Run(async () =>
        {
            var channel = Channel.CreateBounded<int>(2);
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var reader = Read(channel.Reader, done);
            for (var i = 0; i < 100; i++) await channel.Writer.WriteAsync(i, default);
            channel.Writer.Complete();
            await done.Task;
            threads.Add(Environment.CurrentManagedThreadId);
            await reader;
        });

        threads.ShouldBe([Environment.CurrentManagedThreadId]);

        async Task Read(ChannelReader<int> reader, TaskCompletionSource done)
        {
            while (await reader.WaitToReadAsync(default))
                while (reader.TryRead(out _)) threads.Add(Environment.CurrentManagedThreadId);
            done.SetResult();
        }
    }

    [Fact]
    public void Periodic_and_changed_timers_fire_when_they_should()
    {
        var time = new VirtualTime(Start);
        var seen = new List<double>();

        time.Run(async () =>
        {
            await using var periodic = time.CreateTimer(_ => Note(), null, TimeSpan.FromSeconds(1),
                TimeSpan.FromSeconds(2));
            await using var pushed = time.CreateTimer(_ => Note(), null, TimeSpan.FromSeconds(3),
                Timeout.InfiniteTimeSpan);
            pushed.Change(TimeSpan.FromSeconds(4), Timeout.InfiniteTimeSpan);
            await Task.Delay(TimeSpan.FromSeconds(6), time);
        });
        time.Run(() => Task.Delay(TimeSpan.FromSeconds(60), time));

        seen.ShouldBe([1, 3, 4, 5]);
        time.TimerCount.ShouldBe(0);

        void Note() => seen.Add((time.GetUtcNow() - Start).TotalSeconds);
    }

    [Fact]
    public void A_cancellation_source_with_a_delay_cancels_on_time()
    {
        var time = new VirtualTime(Start);

        time.Run(async () =>
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(5), time);
            try
            {
                await Task.Delay(TimeSpan.FromHours(1), time, soon.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            Assert.Fail("The delay was not cancelled.");
        });

        time.GetUtcNow().ShouldBe(Start.AddSeconds(5));
    }

    [Fact]
    public void A_task_that_nobody_completes_is_a_clear_error()
    {
        var time = new VirtualTime(Start);

        var error = Should.Throw<VirtualTimeException>(() => time.Run(() => new TaskCompletionSource().Task));

        error.Message.ShouldContain("no timer is set");
    }

    [Fact]
    public void Two_loops_that_wake_each_other_for_ever_are_stopped()
    {
        var time = new VirtualTime(Start, new VirtualTimeLimits { StepsPerInstant = 1000 });

        var error = Should.Throw<VirtualTimeException>(() => time.Run(async () =>
        {
            while (true) await Task.Yield();
        }));

        error.Message.ShouldContain("clock still cannot move");
    }

    [Fact]
    public void Work_that_leaves_the_loop_is_reported_with_its_trace()
    {
        var time = new VirtualTime(Start);

        var error = Should.Throw<VirtualTimeException>(() => time.Run(async () =>
        {
            var there = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var waiting = Wait(there.Task);
            var thread = new Thread(there.SetResult);
            thread.Start();
            thread.Join();
            await waiting;
        }));

        error.Message.ShouldContain("left the virtual loop");

        static async Task Wait(Task task) => await task;
    }

    [Fact]
    public void Exceptions_of_the_main_task_and_of_callbacks_surface()
    {
        var time = new VirtualTime(Start);

        Should.Throw<FormatException>(() => time.Run(async () =>
        {
            await Task.Yield();
            throw new FormatException("main");
        }));
        Should.Throw<FormatException>(() => time.Run(async () =>
        {
            await using var timer = time.CreateTimer(_ => throw new FormatException("timer"), null,
                TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
            await Task.Delay(TimeSpan.FromMinutes(1), time);
        }));
    }

    [Fact]
    public void Settling_waits_for_what_is_runnable_now_and_not_for_timers()
    {
        var time = new VirtualTime(Start);
        var yields = 0;

        time.Run(async () =>
        {
            var busy = Busy();
            await time.SettleAsync();
            yields.ShouldBe(50);
            time.GetUtcNow().ShouldBe(Start);
            await busy;
        });

        async Task Busy()
        {
            for (; yields < 50; yields++) await Task.Yield();
            await Task.Delay(TimeSpan.FromSeconds(1), time);
        }
    }

    [Fact]
    public void Two_runs_of_the_same_work_give_the_same_trace()
    {
        Trace(7).ShouldBe(Trace(7));
        Trace(7).ShouldNotBe(Trace(8));
    }

    [Fact]
    public async Task Sped_up_time_runs_by_its_factor()
    {
        var time = new SpedUpTime(200);
        var before = time.GetUtcNow();

        await Task.Delay(TimeSpan.FromSeconds(10), time, TestContext.Current.CancellationToken);

        (time.GetUtcNow() - before).ShouldBeGreaterThan(TimeSpan.FromSeconds(9.9));
        Should.Throw<ArgumentOutOfRangeException>(() => new SpedUpTime(0));
    }

    private static string Trace(int seed)
    {
        var time = new VirtualTime(Start);
        var random = new Random(seed);
        var log = new List<string>();
        time.Run(() => Task.WhenAll(Enumerable.Range(0, 20).Select(Worker)));
        return string.Join('\n', log);

        async Task Worker(int id)
        {
            for (var i = 0; i < 20; i++)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(5)), time);
                log.Add($"{time.GetUtcNow():O} {id} {i}");
            }
        }
    }
}
