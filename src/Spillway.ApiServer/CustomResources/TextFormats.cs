using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Spillway.ApiServer.CustomResources;

/// <summary>The string formats that custom resource validation enforces; an unknown format accepts everything.</summary>
internal static partial class TextFormats
{
    public static bool Matches(string format, string text) => format switch
    {
        "date-time" or "datetime" => IsDateTime(text),
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "duration" => IsDuration(text),
        "byte" => IsBase64(text),
        "ipv4" => IPAddress.TryParse(text, out var v4) && text.Split('.').Length == 4 && !v4.ToString().Contains(':'),
        "ipv6" => text.Contains(':') && IPAddress.TryParse(text, out _),
        "cidr" => IsCidr(text),
        "mac" => Mac().IsMatch(text),
        "uuid" => Uuid().IsMatch(text),
        "uuid3" => Uuid().IsMatch(text) && UuidVersion(text) == '3',
        "uuid4" => Uuid().IsMatch(text) && UuidVersion(text) == '4',
        "uuid5" => Uuid().IsMatch(text) && UuidVersion(text) == '5',
        "uri" => Uri.TryCreate(text, UriKind.Absolute, out _)
            || (text.StartsWith('/') && Uri.IsWellFormedUriString(text, UriKind.Relative)),
        "email" => Email().IsMatch(text),
        "hostname" => text.Length <= 255 && Hostname().IsMatch(text),
        "hexcolor" => HexColor().IsMatch(text),
        "rgbcolor" => RgbColor().IsMatch(text),
        "bsonobjectid" => ObjectId().IsMatch(text),
        "k8s-short-name" => text.Length <= 63 && ShortName().IsMatch(text),
        "k8s-long-name" => text.Length <= 253 && LongName().IsMatch(text),
        _ => true,
    };

    private static bool IsDateTime(string text) =>
        Rfc3339().IsMatch(text)
        && DateTimeOffset.TryParse(text.Replace('t', 'T').Replace('z', 'Z'), CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out _);

    /// <summary>Go's durations and the long words go-openapi adds.</summary>
    private static bool IsDuration(string text) => GoDuration().IsMatch(text) || WordyDuration().IsMatch(text);

    private static bool IsBase64(string text)
    {
        if (text.Length % 4 != 0) return false;
        var buffer = new byte[text.Length];
        return Convert.TryFromBase64String(text, buffer, out _);
    }

    private static bool IsCidr(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && IPAddress.TryParse(text.AsSpan(0, slash), out var address)
            && int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var bits)
            && bits <= (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128);
    }

    private static char UuidVersion(string text)
    {
        var digits = text.Replace("-", "", StringComparison.Ordinal);
        return digits[12];
    }

    [GeneratedRegex(@"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})\z")]
    private static partial Regex Rfc3339();

    [GeneratedRegex(@"^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)\z")]
    private static partial Regex GoDuration();

    [GeneratedRegex(@"^(\d+\s*(ns|us|µs|ms|s|m|h|d|w|nano|micro|milli|sec|second|min|minute|hr|hour|day|week|wk)s?\s*)+\z")]
    private static partial Regex WordyDuration();

    [GeneratedRegex(@"^([0-9A-Fa-f]{2}[:-]){5,7}[0-9A-Fa-f]{2}\z|^([0-9A-Fa-f]{4}\.){2,3}[0-9A-Fa-f]{4}\z")]
    private static partial Regex Mac();

    [GeneratedRegex(@"^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}\z")]
    private static partial Regex Uuid();

    [GeneratedRegex(@"^[^@\s]+@[^@\s]+\z")]
    private static partial Regex Email();

    [GeneratedRegex(@"^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*\z")]
    private static partial Regex Hostname();

    [GeneratedRegex(@"^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})\z")]
    private static partial Regex HexColor();

    [GeneratedRegex(@"^rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)\z")]
    private static partial Regex RgbColor();

    [GeneratedRegex(@"^[0-9a-fA-F]{24}\z")]
    private static partial Regex ObjectId();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex ShortName();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex LongName();
}
