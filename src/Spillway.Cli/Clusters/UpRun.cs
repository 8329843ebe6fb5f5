using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Spillway.ApiServer.Http;
using Spillway.Cli.Commands;
using Spillway.Cli.Inputs;
using Spillway.Cli.Output;
using Spillway.Cli.Reports;
using Spillway.Sandbox.Time;

namespace Spillway.Cli.Clusters;

/// <summary>One <c>up</c>, from the state folder's first file to the bill.</summary>
internal sealed class UpRun(ClusterInput input, StateFolder folder, Terminal terminal)
{
    public required IPEndPoint Listen { get; init; }

    public double Speed { get; init; } = 1;

    public int Seed { get; init; }

    public bool ExitWhenIdle { get; init; }

    public bool Verbose { get; init; }

    public IReadOnlySet<ControlPlanePart> Without { get; init; } = new HashSet<ControlPlanePart>();

    public async Task<ExitCode> RunAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder.Path);
        RefuseSecond();
        return await RunClusterAsync(cancellationToken);
    }

    private async Task<ExitCode> RunClusterAsync(CancellationToken cancellationToken)
    {
        var time = Clock(TimeProvider.System.GetUtcNow());
        var logger = Verbose ? new ConsoleLogger(terminal.Error) : (ILogger)NullLogger.Instance;
        var plan = PlanCommand.Of(input, folder.ReadPlan());
        var options = new LocalClusterOptions(input.Model, time, logger) 
        {
            State = folder, Seed = Seed, Without = Without,
        };
        await using var cluster = await LocalCluster.StartAsync(options, cancellationToken);
        await using var front = await HttpFront.StartAsync(cluster.Embedded.Server, Listen, cancellationToken);
        KubeconfigFile.Write(folder.Kubeconfig, input.Cluster.Name, front.Address, cluster.Embedded.Server);
        var session = new Session(
            input.Cluster.Name, Environment.ProcessId, TimeProvider.System.GetUtcNow(), time.GetUtcNow(), Speed);
        folder.Write(session);
        folder.Write(plan);
        Greet(front.Address);

        var narrator = new Narrator(cluster.Informers, time, terminal.Out.WriteLine);
        var idle = new IdleWatch(cluster.Informers, input.Cluster, time);
        await cluster.WatchAsync(cancellationToken);
        var stranded = await FollowUnlessUnwritableAsync(cluster, idle, cancellationToken);
        await cluster.Embedded.InvokeAsync(() => Task.Delay(TimeSpan.FromMilliseconds(500), time));
        narrator.Stop();

        var now = time.GetUtcNow();
        ReportTables.Write(RunReport.Of(input.Cluster.Name, cluster.Ledger, now), terminal);
        folder.Write(session with { Process = 0, StoppedAt = now });
        foreach (var pod in stranded) terminal.Error.WriteLine($"could not run: {pod.Pod}: {pod.Why}");
        return stranded.Count == 0 ? ExitCode.Done : ExitCode.No;
    }

    /// <summary>
    /// Ends as soon as a write could not be kept. The client whose write it was has been told; a cluster that goes on
    /// without taking writes would look alive and do nothing.
    /// </summary>
    private async Task<IReadOnlyList<Stranded>> FollowUnlessUnwritableAsync(
        LocalCluster cluster, IdleWatch idle, CancellationToken cancellationToken)
    {
        var unwritable = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        cluster.Embedded.Server.Hooks.OnUnwritable = why => unwritable.TrySetResult(why);
        var follow = FollowAsync(cluster, idle, ending.Token);
        if (await Task.WhenAny(follow, unwritable.Task) == follow)
        {
            if (cancellationToken.IsCancellationRequested)
                terminal.Error.WriteLine("stopping; the state stays in " + folder.Path);
            return await follow;
        }
        await ending.CancelAsync();
        await Task.WhenAny(follow);
        throw new CommandFailure(ExitCode.Outside, (await unwritable.Task).Message);
    }

    /// <summary>Submits the workload and waits for the end: Ctrl-C, or rest when that was asked for.</summary>
    private async Task<IReadOnlyList<Stranded>> FollowAsync(
        LocalCluster cluster, IdleWatch idle, CancellationToken cancellationToken)
    {
        try
        {
            return await cluster.Embedded.InvokeAsync(async () =>
            {
                await new WorkloadSubmission(cluster.Client).SubmitAsync(input.Workload, cancellationToken);
                if (ExitWhenIdle) return await idle.WaitAsync(cancellationToken);
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
                return [];
            });
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return [];
        }
    }

    private TimeProvider Clock(DateTimeOffset wall)
    {
        // A cluster that was sped up stands ahead of the wall. Its objects, leases and bills would lie in the future.
        if (folder.LastMoment() is { } last && last > wall) return new SpedUpTime(Speed, start: last);
        return Speed == 1 ? TimeProvider.System : new SpedUpTime(Speed);
    }

    private void RefuseSecond()
    {
        if (folder.ReadSession() is { IsRunning: true } other)
        {
            throw new CommandFailure(
                ExitCode.Outside,
                $"{folder.Path}: this cluster is up already, in process {other.Process}; "
                + "use it, end it with 'spillway down', or give --state another folder");
        }
    }

    private void Greet(Uri address)
    {
        terminal.Out.WriteLine($"{input.Cluster.Name} is up at {address}; state in {folder.Path}");
        terminal.Out.WriteLine($"  kubectl --kubeconfig {folder.Kubeconfig} get nodes,pods");
        foreach (var part in Without.Order())
        {
            terminal.Out.WriteLine($"  without its {part.ToString().ToLowerInvariant()}: "
                + (part == ControlPlanePart.Scheduler ? "a kube-scheduler" : "a kube-controller-manager")
                + " with that kubeconfig takes over");
        }
        terminal.Out.WriteLine(ExitWhenIdle
            ? "  it ends when no job runs or can still start and the cloud is empty"
            : "  Ctrl-C stops it; the state stays for the next 'spillway up'");
    }
}
