using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Spillway.Core.Quantities;

/// <summary>A range of IPv4 or IPv6 addresses, <c>10.77.0.0/24</c>; host bits are always zero.</summary>
public sealed record Cidr : IComparable<Cidr>
{
    private static readonly Cidr[] PrivateRanges =
    [
        Parse("10.0.0.0/8"), Parse("172.16.0.0/12"), Parse("192.168.0.0/16"), Parse("100.64.0.0/10"),
        Parse("169.254.0.0/16"), Parse("127.0.0.0/8"), Parse("198.18.0.0/15"), Parse("fc00::/7"), Parse("fe80::/10"),
    ];

    private readonly UInt128 first;

    private Cidr(UInt128 first, int prefix, bool isIpv6)
    {
        this.first = first;
        PrefixLength = prefix;
        IsIpv6 = isIpv6;
    }

    public int PrefixLength { get; }

    public bool IsIpv6 { get; }

    public IPAddress Network => ToAddress(first, IsIpv6);

    /// <summary>The prefix in dotted form, <c>255.255.255.0</c>, as OpenVPN and old tools write it.</summary>
    public IPAddress Netmask => ToAddress(IsIpv6 ? Mask(HostBits) : Mask(HostBits) & uint.MaxValue, IsIpv6);

    /// <summary>How many addresses are in the range, the network's own and the broadcast's included.</summary>
    public UInt128 Size => HostBits == 128 ? UInt128.MaxValue : UInt128.One << HostBits;

    /// <summary>Whether all of it lies in a range that is never routed on the internet.</summary>
    public bool IsPrivate => PrivateRanges.Any(range => range.Contains(this));

    private int HostBits => (IsIpv6 ? 128 : 32) - PrefixLength;

    public static Cidr Parse(string text) =>
        TryParse(text, out var cidr)
            ? cidr
            : throw new FormatException($"'{text}' is not a network such as 10.77.0.0/24.");

    /// <summary>The range of one address alone.</summary>
    public static Cidr Host(IPAddress address)
    {
        var isIpv6 = ToNumber(address, out var number);
        return new Cidr(number, isIpv6 ? 128 : 32, isIpv6);
    }

    /// <summary>Refuses host bits; <see cref="TryParseLoosely"/> clears them, to suggest what was meant.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Cidr? cidr) =>
        TryParseLoosely(text, out cidr, out var hostBits) && !hostBits;

    public static bool TryParseLoosely(string? text, [NotNullWhen(true)] out Cidr? cidr, out bool hostBits)
    {
        cidr = null;
        hostBits = false;
        var slash = text?.IndexOf('/') ?? -1;
        if (slash <= 0 || !TryParseAddress(text![..slash], out var address))
            return false;
        var isIpv6 = ToNumber(address, out var number);
        var bits = isIpv6 ? 128 : 32;
        if (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var prefix)
            || prefix > bits)
            return false;

        var masked = number & Mask(bits - prefix);
        hostBits = masked != number;
        cidr = new Cidr(masked, prefix, isIpv6);
        return true;
    }

    /// <summary>An address in full dotted form or IPv6; not the short forms (<c>10.1</c>) that IPAddress accepts.</summary>
    public static bool TryParseAddress(string? text, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        if (text is null || text.Contains('%') || !IPAddress.TryParse(text, out var parsed))
            return false;
        if (!ToNumber(parsed, out _) && parsed.ToString() != text)
            return false;
        address = parsed;
        return true;
    }

    /// <summary>Whether the address lies in a range that is never routed on the internet.</summary>
    public static bool IsPrivateAddress(IPAddress address) => PrivateRanges.Any(range => range.Contains(address));

    public bool Contains(IPAddress address) =>
        ToNumber(address, out var number) == IsIpv6 && (number & Mask(HostBits)) == first;

    public bool Contains(Cidr other) =>
        other.IsIpv6 == IsIpv6 && other.PrefixLength >= PrefixLength && (other.first & Mask(HostBits)) == first;

    public bool Overlaps(Cidr other) => Contains(other) || other.Contains(this);

    /// <summary>The address this many places after the network's own.</summary>
    public IPAddress AddressAt(UInt128 offset)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, Size);
        return ToAddress(first + offset, IsIpv6);
    }

    public int CompareTo(Cidr? other) =>
        other is null ? 1
        : IsIpv6 != other.IsIpv6 ? IsIpv6.CompareTo(other.IsIpv6)
        : first != other.first ? first.CompareTo(other.first)
        : PrefixLength.CompareTo(other.PrefixLength);

    public override string ToString() => $"{Network}/{PrefixLength}";

    private static UInt128 Mask(int hostBits) =>
        hostBits == 0 ? UInt128.MaxValue : hostBits >= 128 ? UInt128.Zero : UInt128.MaxValue << hostBits;

    // Answers whether it is IPv6: the enumeration that says so lives in a namespace Core keeps out of.
    private static bool ToNumber(IPAddress address, out UInt128 number)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var written);
        number = written == 4
            ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return written == 16;
    }

    private static IPAddress ToAddress(UInt128 number, bool isIpv6)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (isIpv6)
        {
            BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
            return new IPAddress(bytes);
        }

        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)number);
        return new IPAddress(bytes[..4]);
    }
}
