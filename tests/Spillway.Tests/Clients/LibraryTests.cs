using Spillway.Tests.Cli;

namespace Spillway.Tests.Clients;

/// <summary>Client libraries of other languages against the embedded API server; their tests are in tests/clients.</summary>
[Collection(ClientTests.Name)]
public sealed class LibraryTests(RunningCluster cluster)
{
    private static readonly string s_folder = Path.Combine(SpillwayProcess.Root, "tests", "clients");

    [Fact]
    public async Task The_javascript_client_finds_a_cluster_as_any_other()
    {
        var tests = Path.Combine(s_folder, "node");
        if (!Directory.Exists(Path.Combine(tests, "node_modules")))
            Assert.Skip("tests/clients/node has no node_modules: ./test installs them where it may");

        var run = await cluster.RunAsync(
            "node", ["--test", "--test-reporter=spec", .. Directory.GetFiles(tests, "*.test.mjs")]);

        run.ExitCode.ShouldBe(0, run.Output + run.Error);
        run.Output.ShouldContain("pass 14");
    }

    [Fact]
    public async Task The_python_client_finds_a_cluster_as_any_other()
    {
        if (!Directory.Exists("/usr/lib/python3/dist-packages/kubernetes"))
            Assert.Skip("python3-kubernetes is missing: ./test installs it where it may");

        var run = await cluster.RunAsync("/usr/bin/python3", [Path.Combine(s_folder, "python", "client_test.py")]);

        run.ExitCode.ShouldBe(0, run.Output + run.Error);
        run.Error.ShouldContain("OK");
    }
}
