using System.Diagnostics;
using Spillway.Tests.Cli;

namespace Spillway.Tests.Clients;

/// <summary>
/// One <c>spillway up</c> at wall speed on a free port, for the tests that drive it with other people's clients; they
/// take turns, each with names of its own.
/// </summary>
public sealed class RunningCluster : IAsyncLifetime
{
    private const string ClusterFile = """
        apiVersion: spillway.dev/v1
        kind: Cluster
        metadata: {name: clients}
        spec:
          kubernetes: {distribution: embedded, podCidr: 10.244.0.0/16, serviceCidr: 10.96.0.0/12}
          machines:
            - {name: control, role: control-plane, site: office, capacity: {cpu: 2, memory: 4Gi}}
            - {name: box-a, site: office, capacity: {cpu: 16, memory: 64Gi}}
            - {name: box-b, site: office, capacity: {cpu: 8, memory: 32Gi}}
          pools:
            - name: big
              cloud: {simulated: {region: us-east-1, startup: 2s}}
              instanceTypes: [m5.8xlarge]
              min: 0
              max: 1
              purchase: on-demand
          policy: {burst: {mode: auto, waitForOnPrem: 1s, idleAfter: 1m, budget: {perDay: 50 USD}}}
        """;

    private readonly TemporaryFolder folder = new();
    private Process? up;

    public string Kubeconfig { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        folder.Write("cluster.yaml", ClusterFile);
        up = SpillwayProcess.Start(folder.Path, ["up", ".", "--state", "state", "--listen", "127.0.0.1:0"]);
        _ = up.StandardError.ReadToEndAsync();
        while (await up.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!line.Contains(" is up at ", StringComparison.Ordinal)) continue;
            Kubeconfig = Path.Combine(folder.Path, "state", "kubeconfig");
            _ = up.StandardOutput.ReadToEndAsync();
            return;
        }
        throw new InvalidOperationException("'spillway up' ended before it was up");
    }

    public async ValueTask DisposeAsync()
    {
        if (up is not null)
        {
            up.Kill();
            await up.WaitForExitAsync();
            up.Dispose();
        }
        folder.Dispose();
    }

    /// <summary>Runs a client with the cluster's kubeconfig in a scratch folder of its own.</summary>
    internal async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string command, IEnumerable<string> args, string? input = null, string? editor = null)
    {
        var start = new ProcessStartInfo(command, args)
        {
            WorkingDirectory = folder.Path,
            UseShellExecute = false,
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["KUBECONFIG"] = Kubeconfig;
        start.Environment["HOME"] = folder.Path;
        if (editor is not null) start.Environment["KUBE_EDITOR"] = editor;
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{command} did not start");
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (input is not null) await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    internal string Write(string name, string content) => folder.Write(name, content);
}

/// <summary>Tests that share the running cluster.</summary>
[CollectionDefinition(Name)]
public sealed class ClientTests : ICollectionFixture<RunningCluster>
{
    public const string Name = "clients";
}
