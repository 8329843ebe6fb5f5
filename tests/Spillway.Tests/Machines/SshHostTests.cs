using System.Diagnostics;
using Spillway.Controllers.Bootstrap;
using Spillway.Core.Bootstrap;
using Spillway.Core.Ports;
using Spillway.Core.Quantities;
using Spillway.Machines.Ssh;

namespace Spillway.Tests.Machines;

/// <summary>What runs on a machine is judged by a real sshd.</summary>
public sealed class SshHostTests(LoopbackSshd sshd) : IClassFixture<LoopbackSshd>
{
    private static readonly CancellationToken Never = CancellationToken.None;

    [Theory]
    [InlineData("plain")]
    [InlineData("")]
    [InlineData("it's $(touch /tmp/spillway-broke-out) `id` \"quoted\" \\ ; & | > < * ? ~ # ! \n two lines\ttab")]
    [InlineData("-n")]
    [InlineData("--")]
    [InlineData("~root")]
    [InlineData("a=b")]
    [InlineData("größe ✓")]
    public async Task Arguments_arrive_as_they_are(string argument)
    {
        LoopbackSshd.SkipWhereMissing();

        var answer = await sshd.Open().RunAsync(
            new HostCommand("printf '%s' \"$1\"") { Arguments = [argument] }, Never);

        answer.ShouldBeOfType<HostAnswer.Done>().Output.ShouldBe(argument);
        File.Exists("/tmp/spillway-broke-out").ShouldBeFalse();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    public async Task Exit_codes_come_back_and_255_is_not_mistaken_for_a_cut_line(int code)
    {
        LoopbackSshd.SkipWhereMissing();

        var answer = await sshd.Open().RunAsync(
            new HostCommand("echo said >&2; exit \"$1\"") { Arguments = [$"{code}"] }, Never);

        var done = answer.ShouldBeOfType<HostAnswer.Done>();
        done.ExitCode.ShouldBe(code);
        done.Error.ShouldBe("said\n");
    }

    [Fact]
    public async Task A_file_is_put_whole_with_its_mode_and_told_apart_from_another()
    {
        LoopbackSshd.SkipWhereMissing();
        var host = sshd.Open();
        var path = Path.Combine(sshd.Folder, "a folder/it's $HOME;x");
        var content = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i} ' \" $x\n"));

        var step = HostStep.File(new HostFile(path, "0600", content), "a test");
        var check = new HostCommand(step.Check);

        (await host.RunAsync(check, Never)).Succeeded.ShouldBeFalse();
        (await host.RunAsync(step.Act!, Never)).Complaint.ShouldBe("exit code 0");
        (await host.RunAsync(check, Never)).Succeeded.ShouldBeTrue();
        File.GetUnixFileMode(path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);

        (await File.ReadAllTextAsync(path)).ShouldBe(content);
        Directory.EnumerateFiles(Path.GetDirectoryName(path)!).Count().ShouldBe(1);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        (await host.RunAsync(check, Never)).Succeeded.ShouldBeFalse();
        await host.RunAsync(HostCommand.Write([new HostFile(path, "0600", content + "x")]), Never);
        (await host.RunAsync(check, Never)).Succeeded.ShouldBeFalse();
    }

    [Fact]
    public async Task A_command_that_takes_too_long_is_ended_on_the_machine_too()
    {
        LoopbackSshd.SkipWhereMissing();
        var began = Stopwatch.GetTimestamp();

        var answer = await sshd.Open().RunAsync(
            new HostCommand("exec sleep 4321") { Timeout = TimeSpan.FromSeconds(1) }, Never);

        answer.ShouldBeOfType<HostAnswer.TimedOut>();
        Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(30));
        Process.GetProcessesByName("sleep").Where(process => Arguments(process).Contains("4321")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_cut_line_is_told_and_the_next_command_connects_again()
    {
        LoopbackSshd.SkipWhereMissing();
        var host = sshd.Open();
        var running = host.RunAsync(new HostCommand("echo started; exec sleep 30"), Never);
        (await host.RunAsync(new HostCommand("true"), Never)).Succeeded.ShouldBeTrue();

        sshd.Cut();
        var cut = await running;
        var refused = await host.RunAsync(new HostCommand("true"), Never);
        sshd.StartDaemon();
        var again = await host.RunAsync(new HostCommand("true"), Never);

        cut.ShouldBeOfType<HostAnswer.Cut>();
        refused.ShouldBeOfType<HostAnswer.Cut>().Why.ShouldContain("Connection refused");
        again.Succeeded.ShouldBeTrue();
    }

    [Fact]
    public async Task What_goes_in_by_standard_input_is_in_no_process_list()
    {
        LoopbackSshd.SkipWhereMissing();
        const string secret = "s3cr3t-standard-input";

        var answer = await sshd.Open().RunAsync(
            new HostCommand("read -r line; ps -eo args; printf '%s' \"$line\" | wc -c") { Input = secret + "\n" }, Never);

        var done = answer.ShouldBeOfType<HostAnswer.Done>();
        done.Output.ShouldNotContain(secret);
        done.Output.TrimEnd().ShouldEndWith($"{secret.Length}");
    }

    [Fact]
    public async Task A_script_that_reads_nothing_of_a_large_input_still_answers()
    {
        LoopbackSshd.SkipWhereMissing();

        var answer = await sshd.Open().RunAsync(
            new HostCommand("exit 7") { Input = new string('x', 4_000_000) }, Never);

        answer.ShouldBeOfType<HostAnswer.Done>().ExitCode.ShouldBe(7);
    }

    [Fact]
    public async Task A_host_nobody_knows_is_refused_with_advice()
    {
        LoopbackSshd.SkipWhereMissing();
        await using var hosts = new SshHosts(new SshSettings(sshd.Folder)
        {
            ConfigFile = Path.Combine(sshd.Folder, "strangers"),
        }, TimeProvider.System);
        await File.WriteAllTextAsync(Path.Combine(sshd.Folder, "strangers"),
            "Host *\n  IdentityFile user\n  UserKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n");
        var port = (await File.ReadAllLinesAsync(Path.Combine(sshd.Folder, "sshd_config")))[0].Split(' ')[1];

        var answer = await hosts.Open("box", new SshTarget("root", "127.0.0.1", int.Parse(port)))
            .RunAsync(new HostCommand("true"), Never);

        answer.ShouldBeOfType<HostAnswer.Cut>().Why.ShouldContain("known_hosts");
    }

    private static string Arguments(Process process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process.Id}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
