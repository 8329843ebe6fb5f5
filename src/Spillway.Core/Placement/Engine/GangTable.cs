namespace Spillway.Core.Placement.Engine;

/// <summary>The members of each gang that the model knows.</summary>
internal sealed class GangTable
{
    private readonly Dictionary<(string Namespace, string Name), List<PodEntry>> gangs = [];

    public void Add(PodEntry pod)
    {
        if (pod.Record.Requirements.Gang is not { } gang) return;
        var key = (pod.Key.Namespace, gang.Name);
        if (!gangs.TryGetValue(key, out var members)) gangs.Add(key, members = []);
        members.Add(pod);
    }

    public void Remove(PodEntry pod)
    {
        if (pod.Record.Requirements.Gang is not { } gang) return;
        var key = (pod.Key.Namespace, gang.Name);
        var members = gangs[key];
        members.Remove(pod);
        if (members.Count == 0) gangs.Remove(key);
    }

    public IReadOnlyList<PodEntry> Members(string ns, string gang) =>
        gangs.TryGetValue((ns, gang), out var members) ? members : [];
}
