using System.Text;

namespace Spillway.Core.Plans;

/// <summary>Plans and their differences as text, the same in every culture and on every machine.</summary>
public static class PlanPrinter
{
    private static readonly (string Prefix, string Title, string? Joint)[] Groups =
    [
        ("node ", "node", " "), ("label ", "labels", "="), ("taint ", "taints", null), ("mtu ", "mtu", " "),
        ("way ", "ways", ": "), ("route ", "routes", " "), ("port ", "ports", " "), ("setting ", "set", " = "),
        ("step ", "steps", ": "), ("annotation ", "notes", ": "),
    ];

    public static string Print(ClusterPlan plan)
    {
        var text = new StringBuilder();
        text.Append($"Plan for {plan.Cluster}: {Count(plan, PlanKinds.Machine)}, {Count(plan, PlanKinds.Pool)}, ");
        text.Append(Count(plan, PlanKinds.Accelerator)).Append('\n');
        foreach (var item in plan.Items)
        {
            text.Append($"\n{item.Kind} {item.Name}\n  because {item.Why}\n");
            AppendFacts(text, item);
        }

        foreach (var warning in plan.Warnings)
            text.Append($"\n{warning}\n");
        return text.ToString();
    }

    public static string Print(IReadOnlyList<PlanChange> changes)
    {
        if (changes.Count == 0)
            return "Nothing to change: the cluster is as the file says.\n";
        var text = new StringBuilder();
        foreach (var change in changes)
        {
            var sign = change switch
            {
                PlanChange.Added => '+',
                PlanChange.Removed => '-',
                _ => '~',
            };
            text.Append($"{sign} {change.Item.Kind} {change.Item.Name}: {PlanDiff.Consequence(change)}\n");
            if (change is not PlanChange.Changed changed)
                continue;
            foreach (var fact in changed.Facts)
                text.Append($"    {fact.Key}: {fact.Before ?? "nothing"} -> {fact.After ?? "nothing"}\n");
        }

        var added = changes.Count(change => change is PlanChange.Added);
        var removed = changes.Count(change => change is PlanChange.Removed);
        text.Append($"{added} to add, {changes.Count - added - removed} to change, {removed} to remove\n");
        return text.ToString();
    }

    // Labels, node sizes, ways and ports are many: each kind stands together under one word.
    private static void AppendFacts(StringBuilder text, PlanItem item)
    {
        var width = item.Facts.Where(fact => GroupOf(fact) is null)
            .Select(fact => fact.Key.Length).Append("node".Length).Max();
        foreach (var fact in item.Facts.Where(fact => GroupOf(fact) is null))
            text.Append($"  {fact.Key.PadRight(width)}  {fact.Value}\n");
        foreach (var (prefix, title, joint) in Groups)
            AppendGroup(text, item, prefix, title, joint, width);
    }

    private static void AppendGroup(
        StringBuilder text, PlanItem item, string prefix, string title, string? joint, int width)
    {
        var lead = title;
        foreach (var fact in item.Facts.Where(fact => fact.Key.StartsWith(prefix, StringComparison.Ordinal)))
        {
            var value = joint is null ? fact.Value : $"{fact.Key[prefix.Length..]}{joint}{fact.Value}";
            text.Append($"  {lead.PadRight(width)}  {value}\n");
            lead = "";
        }
    }

    private static string? GroupOf(PlanFact fact) =>
        Groups.FirstOrDefault(group => fact.Key.StartsWith(group.Prefix, StringComparison.Ordinal)).Prefix;

    private static string Count(ClusterPlan plan, string kind)
    {
        var count = plan.OfKind(kind).Count();
        return count == 1 ? $"1 {kind}" : $"{count} {kind}s";
    }
}
