using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Spillway.Tests.Cli;

/// <summary>What was answered is kept, whatever becomes of the process or its disk.</summary>
public sealed class StateKeepingTests
{
    private const string Kubectl = "/usr/bin/kubectl";

    private const string Cluster = """
        apiVersion: spillway.dev/v1
        kind: Cluster
        metadata: {name: kept}
        spec:
          kubernetes: {distribution: embedded}
          machines:
            - {name: box, site: office, capacity: {cpu: 4, memory: 8Gi}}
        """;

    [Fact]
    public async Task A_kill_while_clients_write_loses_nothing_that_was_answered()
    {
        RequireKubectl();
        using var folder = new TemporaryFolder();
        var state = Path.Combine(folder.Path, "state");
        using var first = await UpAsync(folder, state);
        var answered = new List<string>();
        var writers = Enumerable.Range(0, 3).Select(writer => WriteUntilRefusedAsync(state, writer, answered)).ToList();
        while (Count(answered) < 12) await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        first.Kill();
        await first.WaitForExitAsync();
        await Task.WhenAll(writers);

        using var second = await UpAsync(folder, state);
        var names = await NamesAsync(state);
        second.Kill();
        await second.WaitForExitAsync();

        answered.ShouldAllBe(name => names.Contains(name));
    }

    [Fact]
    public async Task A_full_disk_ends_it_with_3_one_line_and_everything_that_was_answered()
    {
        RequireKubectl();
        using var folder = new TemporaryFolder();
        var disk = Path.Combine(folder.Path, "disk");
        Directory.CreateDirectory(disk);
        if ((await RunAsync("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk)).ExitCode != 0)
            Assert.Skip("this user may not mount a small disk");
        try
        {
            var state = Path.Combine(disk, "state");
            using var full = await UpAsync(folder, state);
            var said = full.StandardError.ReadToEndAsync();
            var answered = new List<string>();
            var blob = folder.Write("blob", new string('x', 60_000));
            var writing = WriteUntilRefusedAsync(state, 0, answered, "--from-file=" + blob);
            await full.WaitForExitAsync();
            await writing;

            full.ExitCode.ShouldBe(3);
            (await said).Trim().Split('\n').ShouldHaveSingleItem().ShouldContain("full");
            (await RunAsync("mount", "-o", "remount,size=20m", disk)).ExitCode.ShouldBe(0);
            using var again = await UpAsync(folder, state);
            var names = await NamesAsync(state);
            again.Kill();
            await again.WaitForExitAsync();
            answered.ShouldNotBeEmpty();
            answered.ShouldAllBe(name => names.Contains(name));
        }
        finally
        {
            await RunAsync("umount", disk);
        }
    }

    [Fact]
    public async Task A_second_up_on_the_same_state_is_refused_and_the_first_goes_on()
    {
        using var folder = new TemporaryFolder();
        var state = Path.Combine(folder.Path, "state");
        using var first = await UpAsync(folder, state);

        var second = await SpillwayProcess.RunAsync("up", folder.Path, "--state", state, "--listen", "127.0.0.1:0");

        second.ExitCode.ShouldBe(3, second.Error);
        second.Error.Trim().Split('\n').ShouldHaveSingleItem().ShouldContain(first.Id.ToString());
        first.HasExited.ShouldBeFalse();
        first.Kill();
        await first.WaitForExitAsync();
    }

    private static void RequireKubectl()
    {
        if (!File.Exists(Kubectl)) Assert.Skip("no kubectl on this machine: ./test installs it where it may");
    }

    private static async Task<Process> UpAsync(TemporaryFolder folder, string state)
    {
        folder.Write("cluster.yaml", Cluster);
        var up = SpillwayProcess.Start(folder.Path, ["up", folder.Path, "--state", state, "--listen", "127.0.0.1:0"]);
        while (await up.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!line.Contains(" is up at ", StringComparison.Ordinal)) continue;
            _ = up.StandardOutput.ReadToEndAsync();
            return up;
        }

        throw new ShouldAssertException("'spillway up' ended: " + await up.StandardError.ReadToEndAsync());
    }

    private static async Task WriteUntilRefusedAsync(
        string state, int writer, List<string> answered, string? more = null)
    {
        for (var i = 0; i < 500; i++)
        {
            var name = $"kept-{writer}-{i}";
            string[] extra = more is null ? [] : [more];
            var run = await RunAsync(
                Kubectl, ["--kubeconfig", Path.Combine(state, "kubeconfig"), "create", "configmap", name, .. extra]);
            if (run.ExitCode != 0) return;
            lock (answered) answered.Add(name);
        }
    }

    private static int Count(List<string> answered)
    {
        lock (answered) return answered.Count;
    }

    private static async Task<HashSet<string>> NamesAsync(string state)
    {
        var run = await RunAsync(
            Kubectl, "--kubeconfig", Path.Combine(state, "kubeconfig"), "get", "configmaps", "-o", "json");
        run.ExitCode.ShouldBe(0, run.Error);
        return [.. JsonNode.Parse(run.Output)!["items"]!.AsArray().Select(item => (string)item!["metadata"]!["name"]!)];
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string command, params string[] args)
    {
        using var process = Process.Start(new ProcessStartInfo(command, args)
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        }) ?? throw new InvalidOperationException($"{command} did not start");
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }
}
