namespace Spillway.Core.Placement.Engine;

/// <summary>Places the members of a gang together, or none of them.</summary>
internal sealed class GangPlacer(ModelState state, PodDesk desk)
{
    private readonly NodeTable nodes = state.Nodes;

    /// <summary>Decides for all waiting members of the pod's gang; those that fit together are assumed on their nodes.</summary>
    public IReadOnlyList<PlacementDecision> Place(PodEntry pod)
    {
        var gang = pod.Record.Requirements.Gang!;
        var members = state.Gangs.Members(pod.Key.Namespace, gang.Name);
        var waiting = new List<PodEntry>();
        var settled = 0;
        var size = 0;
        string? held = null;
        foreach (var member in members)
        {
            size = Math.Max(size, member.Record.Requirements.Gang!.Size);
            if (member.NodeName.Length > 0 || member.Record.Phase == PodPhase.Succeeded) settled++;
            else if (desk.WaitsFor(member) is { } waits) held ??= $"{member.Key.Name}: {waits.Text}";
            else waiting.Add(member);
        }
        waiting.Sort(SchedulingPass.QueueOrder);
        if (size == 0) size = settled + waiting.Count + (held is null ? 0 : 1);
        if (settled + waiting.Count < size)
            return Wait(waiting, Missing(gang, size, settled + waiting.Count, held));

        var needed = Math.Max(0, size - settled);
        return Attempt(waiting, needed)
            ?? Attempt([.. waiting.OrderByDescending(Bulk)], needed)
            ?? Refuse(waiting, gang, needed);
    }

    private static string Missing(Gang gang, int size, int known, string? held) => held is null
        ? $"Waits for its gang {gang.Name}: {known} of {size} members exist."
        : $"Waits for its gang {gang.Name}: {known} of {size} members can be placed; {held}";

    private static List<PlacementDecision> Wait(List<PodEntry> waiting, string text)
    {
        var outcome = new PlacementOutcome.Waits(WaitReason.Gang, text);
        return [.. waiting.Select(member => new PlacementDecision(member.Key, outcome))];
    }

    // Large members first is the second try: small ones in front can split the room that a large one needs.
    private double Bulk(PodEntry pod)
    {
        var share = 0.0;
        for (var i = 0; i < pod.Class.ResourceColumns.Length; i++)
        {
            long most = 1;
            foreach (var amount in nodes.Allocatable[pod.Class.ResourceColumns[i]].AsSpan(0, nodes.High))
                most = Math.Max(most, amount);
            share = Math.Max(share, (double)pod.Class.ResourceAmounts[i] / most);
        }
        return share;
    }

    /// <summary>Null, with everything as before, when fewer members fit than are needed.</summary>
    private List<PlacementDecision>? Attempt(List<PodEntry> waiting, int needed)
    {
        var decisions = new List<PlacementDecision>(waiting.Count);
        var left = new List<PodEntry>();
        var mark = state.BeginWhatIf();
        for (var i = 0; i < waiting.Count; i++)
        {
            if (desk.TryPlace(waiting[i]) is { } placed)
            {
                desk.Assume(waiting[i], placed.Node);
                decisions.Add(new PlacementDecision(waiting[i].Key, placed));
                continue;
            }
            left.Add(waiting[i]);
            if (waiting.Count - left.Count < needed) break;
        }
        if (decisions.Count < needed)
        {
            state.Rollback(mark);
            return null;
        }
        state.Keep();
        foreach (var member in left) decisions.Add(new PlacementDecision(member.Key, desk.Refuse(member)));
        return decisions;
    }

    /// <summary>Tries with preemption; without success every member gets the reason of the first that finds no room.</summary>
    private List<PlacementDecision> Refuse(List<PodEntry> waiting, Gang gang, int needed)
    {
        var chosen = new List<(PodEntry Member, string Node, ValueList<PodKey> Victims, PlacementExplanation? Why)>();
        PlacementExplanation? reason = null;
        var mark = state.BeginWhatIf();
        foreach (var member in waiting)
        {
            if (desk.TryPlace(member) is { } placed)
            {
                chosen.Add((member, placed.Node, [], null));
                desk.Assume(member, placed.Node);
                continue;
            }
            var outcome = desk.Refuse(member);
            if (outcome is PlacementOutcome.Preempts preempts)
            {
                foreach (var victim in preempts.Victims) state.Move(state.Pods[victim], "", assumed: false);
                chosen.Add((member, preempts.Node, preempts.Victims, preempts.Otherwise));
                desk.Assume(member, preempts.Node);
                continue;
            }
            reason ??= ((PlacementOutcome.Unplaceable)outcome).Explanation;
        }
        state.Rollback(mark);
        return chosen.Count < needed
            ? TellAll(waiting, gang, needed, chosen.Count, reason!)
            : TakeWithVictims(waiting, chosen, reason);
    }

    private static List<PlacementDecision> TellAll(
        List<PodEntry> waiting, Gang gang, int needed, int fitting, PlacementExplanation reason)
    {
        var note = $"The {needed} members of gang {gang.Name} that are needed must start together; {fitting} fit";
        var outcome = new PlacementOutcome.Unplaceable(reason with { Gang = note });
        return [.. waiting.Select(member => new PlacementDecision(member.Key, outcome))];
    }

    // Nobody starts until the victims are gone, so members without victims are promised their room as well.
    private List<PlacementDecision> TakeWithVictims(
        List<PodEntry> waiting,
        List<(PodEntry Member, string Node, ValueList<PodKey> Victims, PlacementExplanation? Why)> chosen,
        PlacementExplanation? reason)
    {
        var decisions = new List<PlacementDecision>(waiting.Count);
        var shown = chosen.Select(item => item.Why).OfType<PlacementExplanation>().First();
        foreach (var (member, node, victims, why) in chosen)
        {
            state.Nominate(member, node);
            var outcome = new PlacementOutcome.Preempts(node, victims, why ?? shown);
            decisions.Add(new PlacementDecision(member.Key, outcome));
        }
        if (reason is null) return decisions;
        foreach (var member in waiting)
        {
            if (chosen.All(item => item.Member != member))
                decisions.Add(new PlacementDecision(member.Key, new PlacementOutcome.Unplaceable(reason)));
        }
        return decisions;
    }
}
