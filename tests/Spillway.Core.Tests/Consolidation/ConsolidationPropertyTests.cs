using System.Text;
using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Consolidation;
using Spillway.Core.Placement;

namespace Spillway.Core.Tests.Consolidation;

/// <summary>What holds for every fleet, tried on a few hundred that are drawn from a seed.</summary>
public sealed class ConsolidationPropertyTests
{
    private const int Fleets = 200;

    [Fact]
    public void Every_step_lowers_the_price_and_nobody_loses_a_node()
    {
        var steps = 0;
        for (var seed = 0; seed < Fleets; seed++)
        {
            var fleet = Draw(seed);
            var now = Fleet.Now;
            for (var round = 0; round < 60; round++, now += TimeSpan.FromMinutes(15))
            {
                fleet.GiveBackIdle();
                var plan = fleet.Plan(now);
                plan.After.Amount.ShouldBe(plan.Before.Amount - plan.Steps.Sum(step => step.Saving.Amount));
                plan.Steps.ShouldAllBe(step => step.Saving.Amount > 0, $"seed {seed}");
                if (fleet.Next(plan, now) is not { } step) break;
                var before = fleet.Price;
                fleet.Take(step, now);
                fleet.Price.ShouldBe(before - step.Saving.Amount, $"seed {seed}");
                fleet.Claims.Count.ShouldBeGreaterThanOrEqualTo(fleet.Min, $"seed {seed}");
                steps++;
            }

            fleet.Next(fleet.Plan(now), now).ShouldBeNull($"seed {seed}: it never comes to rest");
        }

        steps.ShouldBeGreaterThan(Fleets);
    }

    [Fact]
    public void Planning_changes_nothing_and_every_node_has_its_reason()
    {
        for (var seed = 0; seed < Fleets; seed++)
        {
            var fleet = Draw(seed);
            var before = Places(fleet);

            var plan = fleet.Plan();

            Places(fleet).ShouldBe(before, $"seed {seed}");
            plan.Verdicts.Select(verdict => verdict.Claim).ShouldBe(
                fleet.Claims.Select(claim => claim.Name).Order(StringComparer.Ordinal), $"seed {seed}");
            plan.Verdicts.ShouldAllBe(verdict => verdict.Why.Length > 0);
            var going = plan.Steps.SelectMany(step => step.Remove).ToList();
            going.ShouldBeUnique();
            going.ShouldAllBe(name => plan.Verdicts.Single(verdict => verdict.Claim == name).Goes, $"seed {seed}");
        }
    }

    [Fact]
    public void The_order_of_events_does_not_matter()
    {
        for (var seed = 0; seed < Fleets; seed++)
            Text(Draw(seed, shuffle: 1).Plan()).ShouldBe(Text(Draw(seed).Plan()), $"seed {seed}");
    }

    [Fact]
    public void Marks_and_budgets_are_kept()
    {
        for (var seed = 0; seed < Fleets; seed++)
        {
            var fleet = Draw(seed);
            foreach (var step in fleet.Plan().Steps)
            {
                step.Moves.ShouldAllBe(move => PodMarks.Loses(fleet.Model.Pod(move.Pod)!) == null, $"seed {seed}");
                foreach (var budget in fleet.Budgets)
                {
                    var moved = step.Moves.Count(move => budget.Selector.Matches(fleet.Model.Pod(move.Pod)!.Labels));
                    if (step.Remove.Count > 1) moved.ShouldBeInRange(0, budget.DisruptionsAllowed, $"seed {seed}");
                    if (budget.DisruptionsAllowed == 0) moved.ShouldBe(0, $"seed {seed}");
                }

                step.Remove.Count.ShouldBeLessThanOrEqualTo(fleet.Policy.AtOnce);
            }
        }
    }

    [Fact]
    public void Nothing_moves_during_a_day_of_steady_state()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var fleet = Draw(seed);
            var now = Fleet.Now;
            while (true)
            {
                fleet.GiveBackIdle();
                now += TimeSpan.FromMinutes(15);
                if (fleet.Next(fleet.Plan(now), now) is not { } step) break;
                fleet.Take(step, now);
            }

            for (var end = now.AddDays(1); now < end; now += TimeSpan.FromMinutes(10))
                fleet.Next(fleet.Plan(now), now).ShouldBeNull($"seed {seed} at {now}");
        }
    }

    private static Fleet Draw(int seed, int shuffle = 0)
    {
        var dice = new Random(seed);
        var fleet = new Fleet { Min = dice.Next(3) };
        (string Name, int Cpus, decimal Price)[] types =
            [("c2", 2, 0.11m), ("c4", 4, 0.20m), ("c8", 8, 0.37m), ("gold", 4, 0.55m), ("c16", 16, 0.70m)];
        foreach (var zone in (string[])["z1", "z2"])
        {
            foreach (var type in types) fleet.Type(type.Name, type.Cpus, type.Price, zone);
        }

        if (dice.Next(4) == 0) fleet.Burst = new BurstPolicy { Mode = BurstMode.Off };
        fleet.Policy = fleet.Policy with { AtOnce = 1 + dice.Next(4) };
        var actions = new List<Action>();
        if (dice.Next(2) == 0) fleet.Machine("own", 4 + dice.Next(8));
        var pods = 0;
        for (var i = 2 + dice.Next(8); i > 0; i--)
        {
            var (type, zone, node) = (types[dice.Next(types.Length)], $"z{1 + dice.Next(2)}", $"n{i}");
            actions.Add(() => fleet.Node(node, type.Name, zone));
            var room = type.Cpus * 1000;
            for (var count = dice.Next(6); count > 0; count--)
            {
                var cpu = 200 + (100 * dice.Next(20));
                if (cpu > room) continue;
                room -= cpu;
                var (name, kind) = ($"{(char)('a' + dice.Next(4))}-{pods++}", dice.Next(30));
                actions.Add(() => fleet.Pod(name, $"{cpu}m", node, pod => Mark(pod, kind)));
            }
        }

        foreach (var app in (string[])["a", "b"])
        {
            if (dice.Next(2) == 0)
            {
                fleet.Budgets.Add(new DisruptionBudgetRecord(
                    "default", $"{app}-pdb", LabelSelector.ForLabels(("app", app)), dice.Next(4)));
            }
        }

        var order = actions.ToArray();
        if (shuffle > 0) new Random(shuffle).Shuffle(order);
        foreach (var action in order) action();
        return fleet;
    }

    private static PodRecord Mark(PodRecord pod, int kind) => kind switch
    {
        0 => pod with { Controller = null },
        1 => pod with { Annotations = LabelMap.Of(("karpenter.sh/do-not-disrupt", "true")) },
        2 => pod with { LocalVolumes = ["scratch"] },
        3 or 4 or 5 => pod with
        {
            Requirements = pod.Requirements with
            {
                Spread =
                [
                    new SpreadConstraint
                    {
                        TopologyKey = WellKnownLabels.Zone, MaxSkew = 2,
                        Selector = LabelSelector.ForLabels(("app", pod.Labels["app"]!)),
                    },
                ],
            },
        },
        6 or 7 => pod with
        {
            Requirements = pod.Requirements with { NodeSelector = LabelMap.Of((WellKnownLabels.Zone, "z1")) },
        },
        8 => pod with { Requirements = pod.Requirements with { Priority = 100 } },
        _ => pod,
    };

    private static string Places(Fleet fleet) => string.Join('\n', fleet.Model.Nodes.Select(node =>
        $"{node.Name} {fleet.Model.FreeOn(node.Name)} "
        + string.Join(' ', fleet.Model.PodsOn(node.Name).Select(pod => pod.Key))));

    private static string Text(ConsolidationPlan plan)
    {
        var text = new StringBuilder();
        foreach (var step in plan.Steps)
            text.AppendLine($"{step.Kind} {step.Rent?.Key} {step.Why} {string.Join(' ', step.Moves)}");
        foreach (var verdict in plan.Verdicts) text.AppendLine(verdict.ToString());
        return text.ToString();
    }
}
