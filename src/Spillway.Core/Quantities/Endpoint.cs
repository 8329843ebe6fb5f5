using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Spillway.Core.Quantities;

/// <summary>Where something answers: a DNS name or an address, and a port if one was given (<c>[::1]:6443</c>).</summary>
public sealed record Endpoint(string Host, int? Port)
{
    /// <summary>The host as an address, or null when it is a name.</summary>
    public IPAddress? Address => Cidr.TryParseAddress(Host, out var address) ? address : null;

    public static bool TryParse(string? text, [NotNullWhen(true)] out Endpoint? endpoint)
    {
        endpoint = null;
        if (string.IsNullOrEmpty(text))
            return false;
        if (Cidr.TryParseAddress(text, out _))
        {
            endpoint = new Endpoint(text, null);
            return true;
        }

        var host = text;
        int? port = null;
        var colon = text.LastIndexOf(':');
        if (colon >= 0)
        {
            if (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || number is 0 or > 65535)
                return false;
            port = number;
            host = text[..colon];
        }

        var bracketed = host is ['[', .., ']'];
        if (bracketed)
            host = host[1..^1];
        if (!(bracketed || IsNumeric(host) ? Cidr.TryParseAddress(host, out _) : KubernetesNames.IsHostName(host)))
            return false;
        endpoint = new Endpoint(host, port);
        return true;
    }

    public override string ToString()
    {
        var host = Host.Contains(':') && Port is not null ? $"[{Host}]" : Host;
        return Port is { } port ? $"{host}:{port}" : host;
    }

    // "10.1" and "300.1.1.1" are mistyped addresses, not names.
    private static bool IsNumeric(string host) => host.Length > 0 && host.AsSpan().IndexOfAnyExcept("0123456789.") < 0;
}

/// <summary>How to reach a machine by SSH: <c>ubuntu@192.168.1.20</c>, <c>host</c>, <c>root@box:2222</c>.</summary>
public sealed record SshTarget(string? User, string Host, int? Port)
{
    public static bool TryParse(string? text, [NotNullWhen(true)] out SshTarget? target)
    {
        target = null;
        if (text is null)
            return false;
        var at = text.IndexOf('@');
        var user = at < 0 ? null : text[..at];
        if (user is not null && !IsUser(user))
            return false;
        if (!Endpoint.TryParse(text[(at + 1)..], out var endpoint))
            return false;
        target = new SshTarget(user, endpoint.Host, endpoint.Port);
        return true;
    }

    public override string ToString() => (User is null ? "" : $"{User}@") + new Endpoint(Host, Port);

    // A leading dash would be read as an option by ssh.
    private static bool IsUser(string user) =>
        user.Length is > 0 and <= 32
        && user[0] != '-'
        && user.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
}
