using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Ports;

namespace Spillway.Core.Burst;

/// <summary>What may still be spent: counts what is spent, what runs, and what each new node commits to at least.</summary>
internal sealed class BudgetMeter
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly BurstPolicy _policy;
    private readonly SpendSoFar _spent;
    private readonly TimeSpan _leftOfDay;
    private readonly TimeSpan _leftOfMonth;
    private HourlyPrice _running = HourlyPrice.Zero;
    private Money _committedToday = Money.Zero;
    private Money _committedThisMonth = Money.Zero;

    public BudgetMeter(BurstPolicy policy, SpendSoFar spent, DateTimeOffset now)
    {
        _policy = policy;
        _spent = spent;
        var today = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        _leftOfDay = today.AddDays(1) - now;
        _leftOfMonth = today.AddDays(1 - today.Day).AddMonths(1) - now;
    }

    /// <summary>The price of all rented nodes, those of this pass included.</summary>
    public HourlyPrice Running => _running;

    /// <summary>
    /// Counts a node that is rented already: it is given back only after its work has ended and it stood idle, so that much
    /// is as good as spent. Forgetting the work would let the next pass spend the same money again.
    /// </summary>
    /// <param name="claim">The rented node.</param>
    /// <param name="work">How long what runs or will run there is known to go on.</param>
    public void Continue(ClaimState claim, TimeSpan work)
    {
        if (claim.Phase == ClaimPhase.Removed) return;
        var lasting = work + _policy.IdleAfter;
        if (claim.IsJoining && lasting < Least(claim.Offer)) lasting = Least(claim.Offer);
        Add(claim.Offer, lasting);
    }

    /// <summary>Counts a node of the offer that will run about this long.</summary>
    public void Commit(Offer offer, TimeSpan? run) => Add(offer, Lasting(offer, run));

    public void Release(Offer offer, TimeSpan? run) => Add(offer, Lasting(offer, run), -1);

    public BudgetMeter Copy() => (BudgetMeter)MemberwiseClone();

    /// <summary>Why one more node of the offer would break a budget; null when it would not.</summary>
    public string? Objection(Offer offer, TimeSpan? run)
    {
        var budget = _policy.Budget;
        if (budget.PerHour is { } perHour && (_running + offer.Price).For(Hour) > perHour)
        {
            return $"{offer.Price} on top of the {_running} that rented nodes cost already "
                + $"would exceed the budget of {perHour} an hour";
        }

        var lasting = Lasting(offer, run);
        return Objection(budget.PerDay, _spent.Today + _committedToday, offer, Within(lasting, offer, _leftOfDay),
            "today")
            ?? Objection(
                budget.PerMonth,
                _spent.ThisMonth + _committedThisMonth,
                offer,
                Within(lasting, offer, _leftOfMonth),
                "this month");
    }

    private static string? Objection(Money? limit, Money taken, Offer offer, TimeSpan lasting, string period)
    {
        if (limit is not { } most) return null;
        var cost = offer.Price.For(lasting);
        if (taken + cost <= most) return null;
        return $"{taken.Round(2)} of the budget of {most} {period} is spent or committed and one more node costs at least "
            + $"{cost.Round(2)}";
    }

    private void Add(Offer offer, TimeSpan lasting, int sign = 1)
    {
        _running += offer.Price * sign;
        _committedToday += offer.Price.For(Within(lasting, offer, _leftOfDay)) * sign;
        _committedThisMonth += offer.Price.For(Within(lasting, offer, _leftOfMonth)) * sign;
    }

    private TimeSpan Lasting(Offer offer, TimeSpan? run)
    {
        var used = offer.Startup + (run ?? TimeSpan.Zero) + _policy.IdleAfter;
        return used > offer.MinimumBilling ? used : offer.MinimumBilling;
    }

    private TimeSpan Least(Offer offer) => _policy.IdleAfter + offer.MinimumBilling;

    // What falls after midnight is another day's spending, but the least a node costs is always counted whole:
    // otherwise a launch just before midnight would look free.
    private TimeSpan Within(TimeSpan lasting, Offer offer, TimeSpan left)
    {
        var least = Least(offer);
        var most = left > least ? left : least;
        return lasting < most ? lasting : most;
    }
}
