using System.Net;
using System.Net.Sockets;

namespace Spillway.ApiServer.Cel;

/// <summary>Addresses and networks.</summary>
internal static class CelNetwork
{
    public static void Register(Dictionary<string, CelFunction> all)
    {
        all["ip"] = (a, _) => a[0] switch
        {
            string text => Parse(text) is { } address ? address
                : new CelError($"IP Address \"{text}\" parse error during conversion from string"),
            IPNetwork network => network.BaseAddress,
            _ => CelError.NoOverload,
        };
        all["isIP"] = (a, _) => a[0] is string text ? Parse(text) is not null : CelError.NoOverload;
        all["ip.isCanonical"] = (a, _) => a[0] is string text
            ? Parse(text) is { } address ? address.ToString() == text
                : new CelError($"IP Address \"{text}\" parse error")
            : CelError.NoOverload;
        all["family"] = (a, _) => a[0] is IPAddress address
            ? address.AddressFamily == AddressFamily.InterNetwork ? 4L : 6L
            : CelError.NoOverload;
        all["isLoopback"] = (a, _) => Test(a, IPAddress.IsLoopback);
        all["isUnspecified"] = (a, _) => Test(a, x => x.Equals(IPAddress.Any) || x.Equals(IPAddress.IPv6Any));
        all["isLinkLocalUnicast"] = (a, _) => Test(a, x => x.IsIPv6LinkLocal || InRange(x, "169.254.0.0/16"));
        all["isLinkLocalMulticast"] = (a, _) => Test(a, x => InRange(x, "224.0.0.0/24") || InRange(x, "ff02::/16"));
        all["isGlobalUnicast"] = (a, _) =>
            Test(a, x => !IPAddress.IsLoopback(x) && !x.IsIPv6Multicast && !x.IsIPv6LinkLocal
            && !x.Equals(IPAddress.Any) && !x.Equals(IPAddress.IPv6Any) && !x.Equals(IPAddress.Broadcast)
            && !InRange(x, "224.0.0.0/4") && !InRange(x, "169.254.0.0/16"));
        all["cidr"] = (a, _) => a[0] is string text
            ? Network(text) is { } network ? network : new CelError($"network address parse error during conversion from string: \"{text}\"")
            : CelError.NoOverload;
        all["isCIDR"] = (a, _) => a[0] is string text ? Network(text) is not null : CelError.NoOverload;
        all["prefixLength"] = (a, _) => a[0] is IPNetwork network ? (long)network.PrefixLength : CelError.NoOverload;
        all["masked"] = (a, _) => a[0] is IPNetwork network ? network : CelError.NoOverload;
        all["containsIP"] = (a, _) => a switch
        {
            [IPNetwork network, IPAddress address] => network.Contains(address),
            [IPNetwork network, string text] => Parse(text) is { } address
                ? network.Contains(address)
                : new CelError($"IP Address \"{text}\" parse error during conversion from string"),
            _ => CelError.NoOverload,
        };
        all["containsCIDR"] = (a, _) => a switch
        {
            [IPNetwork outer, IPNetwork inner] => Covers(outer, inner),
            [IPNetwork outer, string text] => Network(text) is { } inner
                ? Covers(outer, inner)
                : new CelError($"network address parse error during conversion from string: \"{text}\""),
            _ => CelError.NoOverload,
        };
    }

    private static object Test(object?[] args, Func<IPAddress, bool> test) =>
        args[0] is IPAddress address ? test(address) : CelError.NoOverload;

    private static bool Covers(IPNetwork outer, IPNetwork inner) =>
        outer.PrefixLength <= inner.PrefixLength && outer.Contains(inner.BaseAddress);

    private static bool InRange(IPAddress address, string network) => IPNetwork.Parse(network).Contains(address);

    /// <summary>No zones, no leading zeros, no embedded IPv4: as the real server takes them.</summary>
    private static IPAddress? Parse(string text)
    {
        if (text.Contains('%', StringComparison.Ordinal) || !IPAddress.TryParse(text, out var address)) return null;
        if (address.IsIPv4MappedToIPv6) return null;
        return address.AddressFamily == AddressFamily.InterNetwork && address.ToString() != text ? null : address;
    }

    private static IPNetwork? Network(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || Parse(text[..slash]) is not { } address
            || !int.TryParse(text.AsSpan(slash + 1), out var bits)) return null;
        var most = address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        if (bits < 0 || bits > most) return null;
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var keep = Math.Clamp(bits - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xff00 >> keep);
        }

        return new IPNetwork(new IPAddress(bytes), bits);
    }
}
