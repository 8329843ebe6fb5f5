using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Placement.Sharing;
using Spillway.Core.Rehearsals;
using Spillway.Core.Traces;

namespace Spillway.Core.Tests.Rehearsals;

public sealed class FastRehearsalTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 5, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_job_that_finds_no_room_starts_when_another_ends()
    {
        var outcome = Play([Node("n1", gpus: 1)], Job("a", 0, 100, gpus: 1), Job("b", 10, 50, gpus: 1));

        outcome.Finished.ShouldBeTrue();
        outcome.Pods[1].StartedAt.ShouldBe(TimeSpan.FromSeconds(100));
        outcome.End.ShouldBe(TimeSpan.FromSeconds(150));
    }

    [Fact]
    public void Shares_of_one_gpu_run_side_by_side()
    {
        var outcome = Play(
            [Node("n1", gpus: 1)], Job("a", 0, 9, 1, 500), Job("b", 0, 9, 1, 500), Job("c", 0, 9, 1, 500));

        outcome.Pods.Select(pod => pod.StartedAt!.Value.TotalSeconds).ShouldBe([0, 0, 9]);
    }

    [Fact]
    public void A_job_larger_than_any_node_is_cut_and_its_parts_start_together()
    {
        var outcome = Play(
            [Node("n1", gpus: 8), Node("n2", gpus: 8)], Job("small", 0, 30, gpus: 4), Job("large", 1, 10, gpus: 16));

        outcome.Pods.Where(pod => pod.Job.Name == "large").Select(pod => pod.StartedAt!.Value.TotalSeconds)
            .ShouldBe([30, 30]);
    }

    [Fact]
    public void What_nothing_could_take_is_refused_with_the_reason()
    {
        var outcome = Play([Node("n1", gpus: 1)], Job("t4", 0, 10, gpus: 1) with { GpuModels = ["T4"] });

        outcome.Pods[0].Refusal.ShouldContain("nvidia.com/gpu.product=T4");
        outcome.Decisions.ShouldHaveSingleItem().Kind.ShouldBe("refuse");
    }

    [Fact]
    public void The_series_add_up_to_what_ran()
    {
        var random = new Random(5);
        var jobs = Enumerable.Range(0, 400)
            .Select(i => Job($"j{i}", random.Next(100_000), 1 + random.Next(9000), 1, 100 * (1 + random.Next(10))))
            .ToArray();
        var outcome = Play([Node("n1", gpus: 8), Node("n2", gpus: 4)], jobs);

        var used = 0.0;
        for (var step = 0; step < outcome.Series.Count; step++)
        {
            var end = Math.Min(outcome.End.TotalSeconds, (step + 1) * outcome.Series.StepSeconds);
            used += outcome.Series[step].UsedGpuMilli * (end - (step * outcome.Series.StepSeconds));
        }
        used.ShouldBe(jobs.Sum(job => job.GpuMilli * job.Duration!.Value.TotalSeconds), 1);
    }

    [Fact]
    public void Jobs_in_another_order_of_rows_lead_to_the_same_waits()
    {
        var random = new Random(7);
        var jobs = Enumerable.Range(0, 300)
            .Select(i => Job($"j{i}", i * 37, 1 + random.Next(9000), 1, 100 * (1 + random.Next(10)))).ToArray();
        var shuffled = jobs.ToArray();
        random.Shuffle(shuffled);

        Waits(Play([Node("n1", gpus: 8), Node("n2", gpus: 4)], shuffled))
            .ShouldBe(Waits(Play([Node("n1", gpus: 8), Node("n2", gpus: 4)], jobs)));
    }

    private static string Waits(RehearsalOutcome outcome) =>
        string.Join(' ', outcome.Pods.Select(pod => $"{pod.Name}@{pod.Node!.Name}:{pod.StartedAt}"));

    private static RehearsalOutcome Play(OwnedNode[] nodes, params TraceJob[] jobs) =>
        FastRehearsal.Run(new RehearsalInput
        {
            Owned = nodes, Pools = [], Jobs = jobs, Policy = new BurstPolicy(), Start = Start,
        });

    private static OwnedNode Node(string name, int gpus) =>
        new(new TraceNode(name, 96_000, 393_216, gpus, "G2").ToNode(), "site", HourlyPrice.Usd(1));

    private static TraceJob Job(string name, int at, int seconds, int gpus, int milli = GpuShares.Whole) => new()
    {
        Name = name, CpuMillis = 1000, MemoryMib = 1024, Gpus = gpus, GpuMilli = milli,
        SubmittedAt = TimeSpan.FromSeconds(at), Duration = TimeSpan.FromSeconds(seconds),
    };
}
