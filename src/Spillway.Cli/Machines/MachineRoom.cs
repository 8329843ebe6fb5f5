using System.Net;
using System.Text.Json.Nodes;
using Spillway.Cli.Clusters;
using Spillway.Cli.Commands;
using Spillway.Cli.Inputs;
using Spillway.Cli.Output;
using Spillway.Controllers.Bootstrap;
using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;
using Spillway.Core.Overlay.WireGuard;
using Spillway.Core.Plans;
using Spillway.Core.Ports;
using Spillway.Core.Quantities;
using Spillway.Machines.Ssh;

namespace Spillway.Cli.Machines;

/// <summary>The real machines of a cluster file: the ways to them, what is known of them, and what was done to them.</summary>
internal sealed class MachineRoom : IAsyncDisposable
{
    private readonly ClusterInput input;
    private readonly StateFolder folder;
    private readonly SshHosts ssh;
    private readonly Dictionary<string, IHost> hosts = new(StringComparer.Ordinal);

    private MachineRoom(ClusterInput input, StateFolder folder, SshHosts ssh)
    {
        this.input = input;
        this.folder = folder;
        this.ssh = ssh;
    }

    public IReadOnlyDictionary<string, IHost> Hosts => hosts;

    public static bool IsFor(Cluster cluster) =>
        cluster.Kubernetes.Distribution is Distribution.Kubeadm or Distribution.Rke2 or Distribution.K3s;

    /// <exception cref="CommandFailure">A machine that nothing says how to reach.</exception>
    public static MachineRoom Open(ClusterInput input, StateFolder folder, string path)
    {
        var beside = Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;
        var room = new MachineRoom(input, folder,
            new SshHosts(SshSettings.Beside(Path.GetFullPath(beside)), TimeProvider.System));
        foreach (var machine in input.Cluster.Machines)
        {
            var target = machine.Ssh
                ?? (machine.Address is { } address ? new SshTarget(null, address.Host, null) : null)
                ?? throw new CommandFailure(ExitCode.No,
                    $"{machine.Places["name"]}: {machine.Name} has neither ssh: nor address:, so nothing can be done there");
            room.hosts[machine.Name] = room.ssh.Open(machine.Name, target);
        }

        return room;
    }

    /// <summary>The network as the file, the earlier plan and the known public keys make it.</summary>
    /// <exception cref="CommandFailure">The network cannot be as the file wants it.</exception>
    public OverlayPlan Network(IReadOnlyDictionary<string, string> keys)
    {
        var known = KnownKeys();
        foreach (var (name, key) in keys)
            known[name] = key;
        var cluster = input.Cluster with
        {
            Machines = [.. input.Cluster.Machines.Select(machine =>
                known.TryGetValue(machine.Name, out var text) && WireGuardKey.TryParse(text, out var key)
                    ? machine with { PublicKey = key }
                    : machine)],
        };
        if (keys.Count > 0)
            Keep(known);
        var plan = OverlayPlanner.Plan(cluster, Kept());
        var errors = plan.Complaints.Where(complaint => complaint.IsError).ToList();
        return errors.Count == 0
            ? plan
            : throw new CommandFailure(ExitCode.No, string.Join('\n', errors.Select(error => error.ToString())));
    }

    /// <summary>Writes down the plan, with it every address given out, before anything is done by it.</summary>
    public void Begin()
    {
        Directory.CreateDirectory(
            folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        folder.Write(PlanCommand.Of(input, folder.ReadPlan()));
    }

    public RunJournal OpenJournal()
    {
        try
        {
            return RunJournal.Open(folder.Path, TimeProvider.System);
        }
        catch (IOException taken)
        {
            throw new CommandFailure(ExitCode.Outside,
                $"{folder.Path}: another spillway is at work on these machines ({taken.Message})", taken);
        }
    }

    public ValueTask DisposeAsync() => ssh.DisposeAsync();

    private IReadOnlyDictionary<string, IPAddress> Kept() => PlanHistory.Of(folder.ReadPlan()).OverlayAddresses;

    private string KeysFile => Path.Combine(folder.Path, "public-keys.json");

    // A machine that does not answer now keeps its place in the tunnels of the others.
    private SortedDictionary<string, string> KnownKeys()
    {
        var known = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (!File.Exists(KeysFile) || JsonNode.Parse(File.ReadAllText(KeysFile)) is not JsonObject saved)
            return known;
        foreach (var (name, key) in saved)
            known[name] = (string?)key ?? "";
        return known;
    }

    private void Keep(SortedDictionary<string, string> known)
    {
        var json = new JsonObject();
        foreach (var (name, key) in known)
            json[name] = key;
        File.WriteAllText(KeysFile + ".new", json.ToJsonString());
        File.Move(KeysFile + ".new", KeysFile, overwrite: true);
    }
}
