namespace Spillway.Tests.Cli;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("check")]
    [InlineData("plan")]
    [InlineData("up")]
    [InlineData("down")]
    [InlineData("status")]
    [InlineData("submit")]
    [InlineData("rehearse")]
    [InlineData("cost")]
    [InlineData("render")]
    [InlineData("import")]
    [InlineData("vpn")]
    [InlineData("completion")]
    public async Task Help_of_a_command_shows_examples_that_name_it(string command)
    {
        var run = await SpillwayProcess.RunAsync(command, "--help");

        run.ExitCode.ShouldBe(0);
        run.Output.ShouldContain("Examples:");
        run.Output.ShouldContain($"spillway {command}");
    }

    [Theory]
    [InlineData("--nope")]
    [InlineData("upp")]
    [InlineData("rehearse x --seed many")]
    [InlineData("check")]
    public async Task Wrong_usage_is_said_on_standard_error_and_ends_with_2(string line)
    {
        var run = await SpillwayProcess.RunAsync(line.Split(' '));

        run.ExitCode.ShouldBe(2);
        run.Output.ShouldBeEmpty();
        run.Error.ShouldContain("--help");
    }

    [Fact]
    public async Task A_file_that_is_not_there_ends_with_1_and_its_name()
    {
        var run = await SpillwayProcess.RunAsync("check", "no-such-cluster.yaml");

        run.ExitCode.ShouldBe(1);
        run.Error.ShouldContain("no-such-cluster.yaml");
    }

    [Fact]
    public async Task Every_example_is_a_valid_cluster()
    {
        foreach (var example in Directory.EnumerateDirectories(Path.Combine(SpillwayProcess.Root, "examples")))
        {
            var run = await SpillwayProcess.RunAsync("check", example);

            run.ExitCode.ShouldBe(0, run.Output + run.Error);
        }
    }

    [Fact]
    public async Task An_unplaceable_job_ends_a_rehearsal_with_1_and_the_numbers()
    {
        var run = await SpillwayProcess.RunAsync(
            "rehearse", "examples/inaccel-fpga-burst/cluster.yaml", "examples/inaccel-fpga-burst/sixteen.yaml", "-o",
                "json");

        run.ExitCode.ShouldBe(1, run.Error);
        var pod = run.Json["pods"]!.AsArray().Single()!;
        ((string)pod["phase"]!).ShouldBe("Pending");
        ((string)pod["why"]!).ShouldContain("8");
    }

    [Fact]
    public async Task A_state_that_cannot_be_kept_ends_with_3_and_one_line()
    {
        using var folder = new TemporaryFolder();
        var notAFolder = folder.Write("state", "a file where the folder should be");

        var run = await SpillwayProcess.RunAsync(
            "up", "examples/inaccel-fpga-burst", "--state", notAFolder, "--listen", "127.0.0.1:0");

        run.ExitCode.ShouldBe(3);
        run.Error.ShouldContain(notAFolder);
        run.Error.ShouldNotContain("   at ");
    }
}
