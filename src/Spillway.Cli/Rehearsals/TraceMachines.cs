using Spillway.Cli.Inputs;
using Spillway.Cli.Output;
using Spillway.Core.ClusterFile;
using Spillway.Core.ClusterFile.Variations;
using Spillway.Core.Traces;

namespace Spillway.Cli.Rehearsals;

/// <summary>The machines of <c>--nodes</c> beside a cluster file's, and what-ifs over both.</summary>
internal sealed class TraceMachines(IReadOnlyList<TraceNode> nodes, string path, ClusterModel file)
{
    private const string Copies = "machines.+";

    /// <exception cref="CommandFailure">Two machines have one name.</exception>
    public ClusterModel Beside(ClusterModel model) => nodes.Count == 0 ? model : TraceCluster.With(model, nodes, path);

    /// <summary>What a variation makes of both; copies of a machine that only the CSV has are made here.</summary>
    /// <exception cref="CommandFailure">The varied file is not valid; its errors have been printed.</exception>
    public ClusterModel Vary(ClusterInput input, ClusterVariation variation, Terminal terminal)
    {
        var here = variation.Changes.Where(IsOfTrace).ToArray();
        var varied = input.Vary(
            new ClusterVariation([.. variation.Changes.Except(here)]), variation.Name, terminal).Model;
        IReadOnlyList<TraceNode> all = nodes;
        foreach (var change in here) all = With(all, change);
        return all.Count == 0 ? varied : TraceCluster.With(varied, all, path);
    }

    private bool IsOfTrace(ClusterChange change) =>
        change.Path.StartsWith(Copies, StringComparison.Ordinal)
        && nodes.Any(node => node.Name == change.Path[Copies.Length..])
        && file.Cluster.Machines.All(machine => machine.Name != change.Path[Copies.Length..]);

    private IReadOnlyList<TraceNode> With(IReadOnlyList<TraceNode> all, ClusterChange change)
    {
        var name = change.Path[Copies.Length..];
        if (!int.TryParse(change.Value, out var count) || count is < 0 or > MachineCopies.Most)
        {
            throw new CommandFailure(
                ExitCode.No, $"{path}: '{change.Value}' is no number of copies of {name}, 0 to {MachineCopies.Most}");
        }
        var names = all.Select(node => node.Name).ToHashSet(StringComparer.Ordinal);
        var original = all.First(node => node.Name == name);
        return [.. all, .. MachineCopies.Names(name, names, count).Select(copy => original with { Name = copy })];
    }
}
