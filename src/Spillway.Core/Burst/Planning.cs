using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;

namespace Spillway.Core.Burst;

/// <summary>One pass of the planner, step by step.</summary>
internal sealed class Planning
{
    private readonly BurstPolicy _policy;
    private readonly BurstObservation _seen;
    private readonly Scene _scene;
    private readonly DateTimeOffset _now;
    private readonly OfferBook _book;
    private readonly Decisions _decisions = new();
    private readonly PodFacts _facts;
    private readonly Reasons _reasons;
    private RentBound? _bound;

    public Planning(BurstPolicy policy, BurstObservation seen, Scene scene, DateTimeOffset now)
    {
        _policy = policy;
        _seen = seen;
        _scene = scene;
        _now = now;
        _book = new OfferBook(policy, seen, now);
        var pods = seen.Pending
            .Select(pod => (Record: scene.Find(pod.Key), Run: pod.Duration))
            .Where(pod => pod.Record is not null)
            .Select(pod => (pod.Record!, pod.Run));
        _facts = new PodFacts(pods, _book.Listings);
        _reasons = new Reasons(seen, scene, _book, _facts);
    }

    public BurstPlan Run()
    {
        var starting = _scene.CountStarting(_now);
        foreach (var claim in _seen.Claims)
        {
            if (claim.IsJoining) _scene.AddNode(claim.Offer, claim.Name);
        }

        var left = new Triage(_seen, _scene, _decisions, _now) { Starting = starting }.Run();
        CountWork();
        _reasons.LearnWhyNowhere(left);
        left = SetAside(left);
        left = new OnPremOutlook(_policy, _seen, _scene, _facts, _now).Run(left, _reasons, _decisions);
        left = Possible(left);
        Buy(left);
        KeepMinimums();
        return _decisions.ToPlan() with { Bound = _bound };
    }

    /// <summary>Tells the budget what the rented nodes have before them: their pods, and those just placed on them.</summary>
    private void CountWork()
    {
        var runs = _seen.Pending.ToDictionary(pod => pod.Key, pod => pod.Duration);
        foreach (var claim in _seen.Claims)
        {
            var startup = !claim.IsJoining ? TimeSpan.Zero
                : (claim.LaunchedAt ?? _now) + claim.Offer.Startup - _now is var rest && rest > TimeSpan.Zero
                ? rest : TimeSpan.Zero;
            var work = startup;
            foreach (var pod in _scene.Node(claim.Name) is null ? [] : _scene.PodsOn(claim.Name))
            {
                var left = _seen.ExpectedEnds.TryGetValue(pod.Key, out var end) ? end - _now
                    : runs.GetValueOrDefault(pod.Key) is { } run ? startup + run : TimeSpan.Zero;
                if (left > work) work = left;
            }

            _book.Continue(claim, work);
        }
    }

    /// <summary>Takes out the units that must not lead to a node, whatever could be rented.</summary>
    private List<Unit> SetAside(List<Unit> units)
    {
        var left = new List<Unit>(units.Count);
        foreach (var unit in units)
        {
            var (reason, why, change) = Holding(unit);
            if (why.Length == 0)
            {
                left.Add(unit);
                continue;
            }

            _decisions.Add(new BurstDecision.Hold
            {
                Pods = unit.Keys,
                Reason = reason,
                Why = why,
                WouldChange = change,
            });
        }

        return left;
    }

    private (BurstReason Reason, string Why, string WouldChange) Holding(Unit unit)
    {
        if (unit.Pods.Any(pod => pod.IsDaemon))
        {
            return (
                BurstReason.DaemonSetPod,
                $"a DaemonSet's pod wants its own node, and that one does not take it: {_reasons.NowhereNow(unit)}",
                "room on that node");
        }

        if (_reasons.BeforeNodes(unit) is { Length: > 0 } lacks)
        {
            return (
                BurstReason.NothingFits,
                $"{lacks}: no node changes that, so none is rented",
                "a claim that exists and is bound, or can be");
        }

        if (unit.Priority < BurstRules.ExpendableBelow)
        {
            return (
                BurstReason.Expendable,
                $"priority {unit.Priority} is below {BurstRules.ExpendableBelow}: such pods fill what is there and never "
                    + $"rent; {_reasons.NowhereNow(unit)}",
                $"a priority of {BurstRules.ExpendableBelow} or more, or free room");
        }

        if (_policy.Mode == BurstMode.Off)
        {
            return (
                BurstReason.ModeOff,
                $"policy.burst.mode is off: nothing is rented; {_reasons.NowhereNow(unit)}",
                "policy.burst.mode: auto");
        }

        return (default, "", "");
    }

    /// <summary>Refuses what no pool could take even with all of its limits lifted, and keeps the rest.</summary>
    private List<Unit> Possible(List<Unit> units)
    {
        var left = new List<Unit>(units.Count);
        foreach (var unit in units)
        {
            if (_reasons.SomePoolCouldTake(unit))
            {
                left.Add(unit);
                continue;
            }

            var refusal = _reasons.Refusal(unit);
            _decisions.Add(refusal);
        }

        return left;
    }

    private void Buy(List<Unit> units)
    {
        if (_policy.Mode == BurstMode.Auto)
        {
            Rent(units, approved: true);
            return;
        }

        Rent(units.FindAll(unit => unit.Pods.All(pod => pod.Approved)), approved: true);
        Rent(units.FindAll(unit => !unit.Pods.All(pod => pod.Approved)), approved: false);
    }

    private void Rent(List<Unit> units, bool approved)
    {
        if (units.Count == 0) return;
        var before = _book.Copy();
        var search = new NodeSearch(_scene, _book, _facts);
        var solution = search.Buy(units);
        if (search.Bound is { } bound) _bound = _bound is null ? bound : _bound.Plus(bound);
        foreach (var group in solution.Nodes.GroupBy(node => node.Listing))
        {
            var burst = Describe(group.Key, [.. group]) with { Bound = search.Bound };
            _decisions.Add(approved ? burst : Reasons.ForApproval(burst));
        }

        foreach (var unit in units)
        {
            if (!solution.Served.Contains(unit.First)) _decisions.Add(_reasons.Blocked(unit, before, _now));
        }

        foreach (var (pod, node) in solution.Homes)
        {
            _decisions.Add(new BurstDecision.Wait(null)
            {
                Pods = [pod],
                Reason = BurstReason.JoiningNode,
                Why = $"it fits {node}, and starts when its gang has nodes for all",
            });
        }
    }

    private BurstDecision.Burst Describe(Listing listing, List<Bought> nodes)
    {
        var pods = nodes.SelectMany(node => node.Pods).ToList();
        return new BurstDecision.Burst(listing.Offer, nodes.Count)
        {
            Pods = pods,
            PodsPerNode = nodes.ConvertAll<IReadOnlyList<PodKey>>(node => node.Pods),
            Reason = BurstReason.NeedsNode,
            Why = _reasons.ForBurst(listing, nodes),
            WouldChange = _reasons.WouldChangeBurst(pods),
            Rejected = _reasons.Rejected(pods, nodes[0], _book),
        };
    }

    /// <summary>A pool's minimum is its owner's order: it is kept in every mode, and only stock and money stop it.</summary>
    private void KeepMinimums()
    {
        foreach (var pool in _seen.Pools)
        {
            var missing = pool.Min - _book.Nodes(pool.Name);
            if (missing <= 0 || pool.Paused) continue;
            var bought = new List<Listing>();
            while (bought.Count < missing)
            {
                var listing = _book.Listings.FirstOrDefault(
                    one => one.Pool == pool && _book.Obstacle(one, run: null) is null);
                if (listing is null) break;
                _book.Take(listing.Offer, run: null);
                bought.Add(listing);
            }

            foreach (var group in bought.GroupBy(listing => listing))
            {
                _decisions.Add(new BurstDecision.Burst(group.Key.Offer, group.Count())
                {
                    Pods = [],
                    PodsPerNode = [.. group.Select(_ => (IReadOnlyList<PodKey>)[])],
                    Reason = BurstReason.BelowMinimum,
                    Why = $"pool {pool.Name} keeps at least {Words.Count(pool.Min, "node")} and would have "
                        + $"{_book.Nodes(pool.Name) - bought.Count}",
                    WouldChange = $"a lower min of pool {pool.Name}",
                });
            }

            if (bought.Count < missing) _decisions.Add(_reasons.MinimumBlocked(pool));
        }
    }
}
