using Spillway.Core.Placement.Sharing;
using Spillway.Core.Traces;

namespace Spillway.Core.Tests.Traces;

public sealed class TraceReadingTests
{
    private const string Header = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,creation_s,duration_s,wait_s,phase";

    [Fact]
    public void A_row_of_a_pod_trace_is_read_by_the_names_of_its_columns()
    {
        var job = Pods(Header, "p1,11908,47104,1,470,G2|T4,LS,3.5,616,0,Running").ShouldHaveSingleItem();

        job.ShouldBe(new TraceJob
        {
            Name = "p1", Line = 2, CpuMillis = 11908, MemoryMib = 47104, Gpus = 1, GpuMilli = 470,
            GpuModels = ["G2", "T4"], SubmittedAt = TimeSpan.FromSeconds(3.5), Duration = TimeSpan.FromSeconds(616),
            RecordedWait = TimeSpan.Zero,
        });
        job.ToRequirements().GpuMilli.ShouldBe(470);
        job.ToRequirements().Requests[GpuShares.Resource].ShouldBe(0);
    }

    [Fact]
    public void Empty_fields_are_not_known_and_missing_columns_are_empty()
    {
        var job = Pods("cpu_milli,name", "2000,\"a, quoted\"").ShouldHaveSingleItem();

        job.Name.ShouldBe("a, quoted");
        job.SubmittedAt.ShouldBeNull();
        job.Duration.ShouldBeNull();
    }

    [Theory]
    [InlineData("p1,x,1,0,0,,,,,,", "2:4: 'x' is not a whole number of at least 0, as cpu_milli is")]
    [InlineData("p1,1,1,1,1500,,,,,,", "2:10: gpu_milli 1500 is more than the 1000 thousandths of one GPU")]
    [InlineData("p1,1,1,0,0,,,-5,,,", "2:14: '-5' is not a number of seconds of at least 0, as creation_s is")]
    [InlineData("p1,1", "2:5: 2 fields where the first line names 11 columns")]
    [InlineData("p1,1,1,0,0,,,,,,,", "2:18: more fields than the 11 columns")]
    [InlineData(",1,1,0,0,,,,,,", "2:1: a pod without a name")]
    [InlineData("\"p1,1", "2:1: a quoted field that is not closed")]
    public void A_wrong_row_is_refused_with_its_line_and_column(string row, string message) =>
        Should.Throw<TraceException>(() => Pods(Header, row)).Message.ShouldBe(message);

    [Fact]
    public void A_header_without_the_name_is_refused() =>
        Should.Throw<TraceException>(() => Pods("cpu_milli,mem", "1,2")).Message
            .ShouldBe("1:1: the column 'name' is missing; the first line names the columns, here: cpu_milli,mem");

    [Fact]
    public void Nodes_become_records_with_their_gpus_and_model()
    {
        var node = TraceCsv.ReadNodes(["name,cpu_milli,memory_mib,gpu,gpu_model", "n1,96000,393216,8,G2"])
            .ShouldHaveSingleItem().ToNode();

        node.Allocatable[GpuShares.Resource].ShouldBe(8);
        node.Allocatable.CpuMillis.ShouldBe(96000);
        node.Labels[GpuShares.ModelLabel].ShouldBe("G2");
    }

    [Fact]
    public void A_workload_log_is_read_and_cancelled_jobs_are_left_out()
    {
        var jobs = SwfLog.Read(
        [
            "; Version: 2.2",
            " 1 0 10 1451 128 -1 -1 -1 -1 -1 1 1 1 -1 2 -1 -1 -1",
            " 2 5 -1 -1 -1 -1 -1 -1 -1 -1 5 1 1 -1 2 -1 -1 -1",
        ]).ToArray();

        var job = jobs.ShouldHaveSingleItem();
        (job.Name, job.Processors, job.Duration, job.RecordedWait, job.Group)
            .ShouldBe(("job-1", 128, TimeSpan.FromSeconds(1451), TimeSpan.FromSeconds(10), "queue-2"));
    }

    [Theory]
    [InlineData("1 0 10", "1:7: 3 fields where the format has 18")]
    [InlineData("1 0 10 soon 1 -1 -1 -1 -1 -1 1 1 1 -1 2 -1 -1 -1", "1:8: 'soon' is not a number (field 4)")]
    public void A_wrong_line_of_a_log_is_refused_with_its_column(string line, string message) =>
        Should.Throw<TraceException>(() => SwfLog.Read([line]).ToArray()).Message.ShouldBe(message);

    private static TraceJob[] Pods(params string[] lines) => [.. TraceCsv.ReadPods(lines)];
}
