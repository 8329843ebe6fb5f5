using System.Diagnostics;
using System.Text;
using Spillway.Core.Bootstrap;
using Spillway.Core.ClusterFile;
using Spillway.Core.ClusterFile.Yaml;
using Spillway.Core.Overlay;
using Spillway.Tests.Cli;

namespace Spillway.Tests.Overlay;

/// <summary>Scripts against a real bash.</summary>
public sealed class NodeScriptTests
{
    [Fact]
    public void Every_script_is_one_that_bash_reads()
    {
        foreach (var (machine, steps) in GoldenMachines())
        {
            var script = NodeScript.Bash(machine, steps);

            Bash(script, "-n").ShouldBe((0, ""), machine);
            foreach (var step in steps)
            {
                Bash(step.Run, "-n").ShouldBe((0, ""), $"{machine}: {step.Name}");
                Bash(step.Check, "-n").ShouldBe((0, ""), $"{machine}: {step.Name}");
                Bash(step.Undo, "-n").ShouldBe((0, ""), $"{machine}: {step.Name}");
            }
        }
    }

    [Fact]
    public void A_script_does_what_is_not_done_yet_and_nothing_the_second_time()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "a b/$(touch gone)'s.conf");
        var marker = Path.Combine(folder.Path, "runs");
        BootstrapStep[] steps =
        [
            BootstrapStep.File("file", "it's needed; $(exit 9)",
                new HostFile(path, "0640", "x=$HOME `id`\nEND_OF_FILE\n"),
                $"echo ran >> {Shell.Quote(marker)}"),
            BootstrapStep.Command("command", "once", $"[ -e {Shell.Quote(marker + "2")} ]",
                $"touch {Shell.Quote(marker + "2")}\necho ran >> {Shell.Quote(marker)}"),
        ];
        var script = NodeScript.Bash("box", steps);

        Bash(script, "-s").Code.ShouldBe(0);
        Bash(script, "-s").Code.ShouldBe(0);

        File.ReadAllText(path).ShouldBe("x=$HOME `id`\nEND_OF_FILE\n");
        File.GetUnixFileMode(path).ShouldBe((UnixFileMode)Convert.ToInt32("0640", 8));
        File.ReadAllLines(marker).Length.ShouldBe(2);
        File.WriteAllText(path, "changed by somebody");
        Bash(script, "-s").Code.ShouldBe(0);
        File.ReadAllText(path).ShouldStartWith("x=$HOME");
        File.ReadAllLines(marker).Length.ShouldBe(3);
    }

    [Fact]
    public void A_failing_step_stops_the_script()
    {
        using var folder = new TemporaryFolder();
        var after = Path.Combine(folder.Path, "after");
        var script = NodeScript.Bash("box",
        [
            BootstrapStep.Command("one", "why", "false", "false\necho never"),
            BootstrapStep.Command("two", "why", "false", $"touch {after}"),
        ]);

        var (code, output) = Bash(script, "-s");

        code.ShouldNotBe(0);
        output.ShouldNotContain("never");
        File.Exists(after).ShouldBeFalse();
    }

    [Fact]
    public void User_data_carries_the_script_unchanged()
    {
        foreach (var (machine, steps) in GoldenMachines())
        {
            var problems = new Problems();
            var data = NodeScript.CloudInit(machine, steps);

            var root = YamlJson.Convert(new YamlTreeReader(problems, "x", 0).Read(data)!, problems)!;

            problems.HasErrors.ShouldBeFalse();
            ((string)root["write_files"]![0]!["content"]!).ShouldBe(NodeScript.Bash(machine, steps));
            data.ShouldStartWith("#cloud-config\n");
        }
    }

    private static IEnumerable<(string Machine, IReadOnlyList<BootstrapStep> Steps)> GoldenMachines()
    {
        var cases = Path.Combine(SpillwayProcess.Root, "tests/Spillway.Core.Tests/testdata/bootstrap");
        foreach (var file in Directory.GetFiles(cases, "cluster.yaml", SearchOption.AllDirectories))
        {
            var cluster = ClusterFileReader.ReadCluster([new SourceFile(file, File.ReadAllBytes(file))]).Cluster!;
            var plan = OverlayPlanner.Plan(cluster, new Dictionary<string, System.Net.IPAddress>());
            foreach (var node in plan.Nodes)
                yield return (node.Name, NodeSteps.For(node, plan));
        }
    }

    private static (int Code, string Output) Bash(string script, string option)
    {
        var start = new ProcessStartInfo("bash", [option])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Write(script);
        process.StandardInput.Close();
        var output = new StringBuilder(process.StandardOutput.ReadToEnd());
        output.Append(process.StandardError.ReadToEnd());
        process.WaitForExit();
        return (process.ExitCode, output.ToString());
    }
}
