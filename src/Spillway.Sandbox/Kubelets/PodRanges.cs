using Spillway.Core.Quantities;

namespace Spillway.Sandbox.Kubelets;

/// <summary>Deals the cluster's pod network out to nodes, the lowest free range first, as the node IPAM controller does.</summary>
internal sealed class PodRanges
{
    private readonly Cidr _whole;
    private readonly UInt128 _size;
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly int _prefix;

    /// <param name="whole">The cluster's pod network.</param>
    /// <param name="nodes">How many nodes there may be: more than the usual 256-address ranges hold get smaller ones.</param>
    public PodRanges(Cidr whole, int nodes)
    {
        _whole = whole;
        var bits = whole.IsIpv6 ? 128 : 32;
        _prefix = Math.Clamp(whole.IsIpv6 ? 64 : 24, whole.PrefixLength, bits);
        while (_prefix < bits - 3 && _prefix - whole.PrefixLength < 31
            && 1L << (_prefix - whole.PrefixLength) < nodes) _prefix++;
        _size = UInt128.One << (bits - _prefix);
    }

    /// <summary>A range that a node already has.</summary>
    public void Take(string range) => _taken.Add(range);

    /// <summary>The lowest free range; the whole network when none is left, since simulated addresses route nowhere.</summary>
    public Cidr Next()
    {
        for (UInt128 at = 0; at < _whole.Size; at += _size)
        {
            var range = Cidr.Parse($"{_whole.AddressAt(at)}/{_prefix}");
            if (_taken.Add(range.ToString())) return range;
        }
        return _whole;
    }

    public void Free(Cidr range) => _taken.Remove(range.ToString());
}
