using System.Globalization;
using System.Net;

namespace Spillway.Core.Overlay.WireGuard;

/// <summary>
/// Which values wg takes. It reads numbers with strtoul, ports and hosts with getaddrinfo and addresses with inet_pton,
/// and what those let through it takes, whether or not it was meant; the tests compare with the real tool.
/// </summary>
internal static class WgValues
{
    // getaddrinfo also takes the names of /etc/services. Which there are depends on the host; these always are.
    private static readonly Dictionary<string, int> Services = new(StringComparer.Ordinal)
    {
        ["domain"] = 53, ["ntp"] = 123, ["snmp"] = 161, ["https"] = 443, ["isakmp"] = 500, ["syslog"] = 514,
        ["openvpn"] = 1194, ["ipsec-nat-t"] = 4500,
    };

    /// <summary>A port as getaddrinfo takes it; null when it is none.</summary>
    /// <param name="surprise">Said when the number is not the port that comes of it.</param>
    public static int? Port(string text, out string? surprise)
    {
        surprise = null;
        if (Services.TryGetValue(text, out var known))
            return known;
        if (!Strtoul(text, 10, out var number, out var rest) || rest.Length > 0)
            return null;
        var value = unchecked((int)number);
        if (value < 0)
            return null;
        if (value > 65535)
            surprise = $"wg keeps only the last 16 bits of {text}: port {value & 0xffff}";
        return value & 0xffff;
    }

    public static bool IsFwMark(string text)
    {
        if (text.Equals("off", StringComparison.OrdinalIgnoreCase))
            return true;
        if (text.Length == 0 || !char.IsAsciiDigit(text[0]))
            return false;
        var numberBase = text.Length > 2 && text.StartsWith("0x", StringComparison.Ordinal) ? 16 : 10;
        return Strtoul(text, numberBase, out var mark, out var rest) && rest.Length == 0 && mark <= uint.MaxValue;
    }

    /// <summary>Seconds; null when wg refuses it.</summary>
    public static int? Keepalive(string text)
    {
        if (text.Equals("off", StringComparison.OrdinalIgnoreCase))
            return 0;
        if (text.Length == 0 || !char.IsAsciiDigit(text[0]))
            return null;
        return Strtoul(text, 10, out var seconds, out var rest) && rest.Length == 0 && seconds <= 65535
            ? (int)seconds
            : null;
    }

    /// <summary>An address with or without a prefix length, as in AllowedIPs; the complaint where it is none.</summary>
    /// <param name="hasHostBits">Whether bits beyond the prefix are set: wg clears them.</param>
    public static string? AllowedIp(string text, out bool hasHostBits)
    {
        hasHostBits = false;
        var slash = text.IndexOf('/');
        var ip = slash < 0 ? text : text[..slash];
        if (Address(ip) is not { } bytes)
            return $"'{ip}' is no IP address";
        if (slash < 0)
            return null;
        var mask = text[(slash + 1)..];
        if (mask.Length == 0 || !char.IsAsciiDigit(mask[0])
            || !Strtoul(mask, 10, out var prefix, out var rest) || rest.Length > 0 || prefix > (ulong)bytes.Length * 8)
            return $"'{mask}' is no prefix length: 0 to {bytes.Length * 8}";
        hasHostBits = HasHostBits(bytes, (int)prefix);
        return null;
    }

    /// <summary>An address as inet_pton takes it, in network order.</summary>
    public static byte[]? Address(string text)
    {
        if (text.Contains(':'))
            return text.AsSpan().IndexOfAnyExcept("0123456789abcdefABCDEF:.") < 0 && TailIsPlain(text)
                && IPAddress.TryParse(text, out var v6)
                ? v6.GetAddressBytes()
                : null;
        var parts = text.Split('.');
        if (parts.Length != 4)
            return null;
        var bytes = new byte[4];
        for (var i = 0; i < 4; i++)
        {
            var part = parts[i];
            if (part.Length is 0 or > 3 || (part.Length > 1 && part[0] == '0')
                || !byte.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out bytes[i]))
                return null;
        }

        return bytes;
    }

    /// <summary>Splits an endpoint as wg does; the complaint where it cannot.</summary>
    public static string? Endpoint(string text, out string host, out string port)
    {
        (host, port) = ("", "");
        if (text.StartsWith('['))
        {
            var end = text.IndexOf(']');
            if (end < 0)
                return "the closing bracket is missing";
            if (end + 2 >= text.Length || text[end + 1] != ':')
                return "the port is missing";
            (host, port) = (text[1..end], text[(end + 2)..]);
        }
        else
        {
            var colon = text.LastIndexOf(':');
            if (colon < 0 || colon == text.Length - 1)
                return "the port is missing";
            (host, port) = (text[..colon], text[(colon + 1)..]);
        }

        return IsHost(host) ? null : $"'{host}' is no host";
    }

    // Names are looked up when the interface comes up: here they only have to look like one.
    private static bool IsHost(string host)
    {
        if (host.Length == 0)
            return false;
        if (!host.Contains(':'))
            return host.AsSpan().IndexOfAnyExcept(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") < 0;
        var scope = host.IndexOf('%');
        return Address(scope < 0 ? host : host[..scope]) is { Length: 16 };
    }

    // .NET takes "::1.2.3.4" like inet_pton, but also leading zeros in its dotted part.
    private static bool TailIsPlain(string text)
    {
        var dotted = text[(text.LastIndexOf(':') + 1)..];
        return !dotted.Contains('.') ? !text.Contains('.') : Address(dotted) is { Length: 4 };
    }

    private static bool HasHostBits(byte[] bytes, int prefix)
    {
        for (var bit = prefix; bit < bytes.Length * 8; bit++)
        {
            if ((bytes[bit / 8] & (0x80 >> (bit % 8))) != 0)
                return true;
        }

        return false;
    }

    /// <summary>C's strtoul without leading blanks: a sign, an 0x in base 16, and saturation.</summary>
    private static bool Strtoul(string text, int numberBase, out ulong value, out string rest)
    {
        value = 0;
        var at = 0;
        var negative = text.StartsWith('-');
        if (negative || text.StartsWith('+'))
            at++;
        if (numberBase == 16 && text.AsSpan(at).StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            && at + 2 < text.Length && char.IsAsciiHexDigit(text[at + 2]))
            at += 2;
        var first = at;
        var overflow = false;
        for (; at < text.Length; at++)
        {
            var digit = char.IsAsciiHexDigit(text[at]) ? Convert.ToInt32(text[at].ToString(), 16) : 99;
            if (digit >= numberBase)
                break;
            var next = (UInt128)value * (ulong)numberBase + (ulong)digit;
            overflow |= next > ulong.MaxValue;
            value = (ulong)next;
        }

        rest = text[at..];
        if (overflow)
            value = ulong.MaxValue;
        else if (negative)
            value = unchecked(0 - value);
        return at > first;
    }
}
