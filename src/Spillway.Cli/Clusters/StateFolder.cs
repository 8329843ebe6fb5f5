using System.Globalization;
using System.Text.Json.Nodes;
using Spillway.Cli.Inputs;
using Spillway.Controllers.Costs;
using Spillway.Core.ClusterFile;
using Spillway.Core.Plans;
using Spillway.Kubernetes;

namespace Spillway.Cli.Clusters;

/// <summary>
/// The folder that keeps a cluster: objects, certificates, kubeconfig, ledger, and who runs it now.
/// </summary>
internal sealed record StateFolder(string Path)
{
    public string Kubeconfig => System.IO.Path.Combine(Path, "kubeconfig");

    public string LedgerFile => System.IO.Path.Combine(Path, "ledger.db");

    private string PlanFile => System.IO.Path.Combine(Path, "plan.json");

    private string SessionFile => System.IO.Path.Combine(Path, "session.json");

    public bool Exists => File.Exists(SessionFile);

    /// <summary>The folder a command means: the one it was told, or the default one beside the cluster file.</summary>
    public static StateFolder Of(string? told, string path, Cluster cluster) =>
        new(System.IO.Path.GetFullPath(told ?? InputFiles.DefaultState(path, cluster.Name)));

    /// <summary>The one state folder beside a workload file or within a folder, for commands without a cluster file.</summary>
    public static StateFolder Beside(string path)
    {
        var folder = Directory.Exists(path) ? path : System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        var states = System.IO.Path.Combine(folder, ".spillway");
        string[] found = Directory.Exists(states) ? Directory.GetDirectories(states) : [];
        return found.Length switch
        {
            1 => new StateFolder(found[0]),
            0 => throw new CommandFailure(
                ExitCode.No, $"{folder}: no cluster has been started here; start it with 'spillway up', or give --state DIR"),
            _ => throw new CommandFailure(
                ExitCode.Usage,
                $"{folder}: there are several clusters ({string.Join(", ", found.Select(System.IO.Path.GetFileName))}); "
                + "say which with --state DIR"),
        };
    }

    /// <summary>Who runs the cluster, or ran it last; null when nobody ever did.</summary>
    public Session? ReadSession()
    {
        if (!File.Exists(SessionFile)) return null;
        try
        {
            return JsonNode.Parse(File.ReadAllText(SessionFile)) is JsonObject json ? Session.From(json) : null;
        }
        catch (Exception failure) when (failure is System.Text.Json.JsonException or IOException)
        {
            throw new CommandFailure(ExitCode.Outside, $"{SessionFile}: cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>
    /// The cluster's time when it last ran; null before the first <c>up</c>. After a kill it is the moment of the last
    /// write to its files: heartbeats come every ten seconds of its time.
    /// </summary>
    public DateTimeOffset? LastMoment()
    {
        if (ReadSession() is not { } session) return null;
        if (session.StoppedAt is { } stopped) return stopped;
        var lastWrite = Directory.EnumerateFiles(Path).Max(File.GetLastWriteTimeUtc);
        return session.At(new DateTimeOffset(lastWrite));
    }

    public void Write(Session session) => Replace(SessionFile, session.ToJson());

    /// <summary>The plan that the last <c>up</c> followed; null before the first.</summary>
    public ClusterPlan? ReadPlan() =>
        File.Exists(PlanFile) ? ClusterPlan.FromJson(JsonNode.Parse(File.ReadAllText(PlanFile))) : null;

    public void Write(ClusterPlan plan) => Replace(PlanFile, plan.ToJson());

    public Ledger OpenLedger() => File.Exists(LedgerFile)
        ? Ledger.Open(LedgerFile)
        : throw new CommandFailure(ExitCode.No, $"{Path}: there is no ledger yet; start the cluster with 'spillway up'");

    // Written beside and moved over: a kill in between leaves the old one, never half of one.
    private static void Replace(string file, JsonObject content)
    {
        var draft = file + ".new";
        File.WriteAllText(draft, content.ToJsonString());
        File.Move(draft, file, overwrite: true);
    }

    /// <summary>A client of the running cluster.</summary>
    public KubernetesClient Connect(TimeProvider time)
    {
        if (ReadSession() is not { } session || !session.IsRunning)
            throw new CommandFailure(ExitCode.No, $"{Path}: the cluster is not running; start it with 'spillway up'");
        return new KubernetesClient(new HttpTransport(Kubernetes.Kubeconfig.Load(Kubeconfig), time));
    }
}

/// <summary>One <c>up</c>: its process, and how its clock runs against the wall's.</summary>
internal sealed record Session(
    string Cluster, int Process, DateTimeOffset WallStart, DateTimeOffset ClusterStart, double Speed)
{
    /// <summary>True while that process lives and is a Spillway: the number may have gone to another program.</summary>
    public bool IsRunning
    {
        get
        {
            if (Process == 0) return false;
            try
            {
                using var process = System.Diagnostics.Process.GetProcessById(Process);
                return !process.HasExited && process.ProcessName.Contains("spillway", StringComparison.Ordinal);
            }
            catch (ArgumentException)
            {
                return false;
            }
        }
    }

    /// <summary>The cluster's time when it was last stopped cleanly; null while it runs, or after a kill.</summary>
    public DateTimeOffset? StoppedAt { get; init; }

    /// <summary>The cluster's time at a moment of the wall's. It stands still while the cluster is stopped.</summary>
    public DateTimeOffset At(DateTimeOffset wall) => StoppedAt ?? ClusterStart + (wall - WallStart) * Speed;

    public JsonObject ToJson() => new()
    {
        ["cluster"] = Cluster,
        ["process"] = Process,
        ["wallStart"] = WallStart.ToString("O", CultureInfo.InvariantCulture),
        ["clusterStart"] = ClusterStart.ToString("O", CultureInfo.InvariantCulture),
        ["speed"] = Speed,
        ["stoppedAt"] = StoppedAt?.ToString("O", CultureInfo.InvariantCulture),
    };

    public static Session From(JsonObject json) => new(
        json.Text("cluster") ?? "",
        json.Integer("process") ?? 0,
        json.Time("wallStart") ?? default,
        json.Time("clusterStart") ?? default,
        (double?)json["speed"] ?? 1)
    {
        StoppedAt = json.Time("stoppedAt"),
    };
}
