using System.Text;
using Spillway.Core.Burst;

namespace Spillway.Core.Tests.Burst;

/// <summary>A plan as text, for golden files and comparison.</summary>
internal static class BurstPlanText
{
    public static string Print(BurstPlan plan)
    {
        var text = new StringBuilder();
        foreach (var decision in plan.Decisions)
        {
            text.Append(decision.Kind).Append(' ').Append(decision.Reason);
            if (decision is BurstDecision.Burst burst) text.Append($" {burst.Count} × {burst.Offer.Key}");
            if (decision is BurstDecision.Wait { Until: { } until }) text.Append($" until {until:HH:mm:ss}");
            text.Append(": ").AppendJoin(' ', decision.Pods).Append('\n');
            text.Append("  why: ").Append(decision.Why).Append('\n');
            if (decision.WouldChange.Length > 0) text.Append("  would change: ").Append(decision.WouldChange).Append(
                '\n');
            foreach (var rejected in decision.Rejected)
                text.Append("  not ").Append(rejected.Pool).Append(": ").Append(rejected.Why).Append('\n');
        }

        return text.ToString();
    }
}
