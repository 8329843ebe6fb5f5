using Spillway.Core.Placement;
using Spillway.Core.Placement.Sharing;

namespace Spillway.Sandbox.Scheduling;

/// <summary>
/// What pods have asked for lately, which is what they are expected to ask for. It is handed to placement anew whenever as
/// many have come again as it knew.
/// </summary>
internal sealed class DemandHistory(PlacementModel model)
{
    // Fewer say nothing about the next; more than these are the past.
    private const int Fewest = 32;
    private const int Most = 4096;

    private readonly Queue<PodRequirements> _seen = new();
    private int _sinceHandedOver;

    public void Saw(PodRequirements requirements)
    {
        _seen.Enqueue(requirements);
        if (_seen.Count > Most) _seen.Dequeue();
        if (++_sinceHandedOver < Fewest || _sinceHandedOver * 2 < _seen.Count) return;
        _sinceHandedOver = 0;
        model.SetDemand(DeviceDemand.Of(_seen));
    }
}
