using System.Globalization;
using System.Text.RegularExpressions;
using Spillway.Core.ClusterFile;
using Spillway.Core.Quantities;

namespace Spillway.Core.Overlay.WireGuard;

/// <summary>Collects what the lines of a wg-quick file say.</summary>
internal sealed partial class WgReading(List<Diagnostic> found)
{
    private readonly List<WgValue> addresses = [];
    private readonly List<WgValue> dns = [];
    private readonly List<WgHook> hooks = [];
    private readonly List<WgPeer> peers = [];
    private readonly List<WgValue> allowed = [];
    private readonly Dictionary<string, (int Peer, SourcePlace Place)> claims = new(StringComparer.Ordinal);
    private bool inPeer;

    public WgInterface Interface { get; private set; } = new();

    public IReadOnlyList<WgPeer> Peers => peers;

    public void Begin(bool peer, SourcePlace place)
    {
        EndPeer();
        inPeer = peer;
        if (peer)
            peers.Add(new WgPeer { Place = place });
    }

    public void Finish()
    {
        EndPeer();
        Interface = Interface with { Addresses = addresses, Dns = dns, Hooks = hooks };
        foreach (var peer in peers.Where(peer => peer.PublicKey is null))
        {
            // A key that was there and wrong has been refused already.
            if (found.All(diagnostic => !diagnostic.IsError || diagnostic.Place.Line < peer.Place.Line))
                found.Add(new Diagnostic(DiagnosticCodes.TunnelFileRefused, DiagnosticSeverity.Error, peer.Place,
                    "the peer has no PublicKey", "add PublicKey = (the peer's)"));
        }
    }

    /// <summary>Names that people and exporters put into comments.</summary>
    public void Comment(string? text)
    {
        if (text is null || NameComment().Match(text) is not { Success: true } match)
            return;
        var label = match.Groups[1].Value.Trim();
        if (inPeer)
            peers[^1] = peers[^1] with { Label = peers[^1].Label ?? label };
        else
            Interface = Interface with { Label = Interface.Label ?? label };
    }

    public void QuickKey(string key, string value, SourcePlace place)
    {
        switch (key)
        {
            case "Address":
                foreach (var item in Items(value, place))
                    Address(item);
                break;
            case "DNS":
                dns.AddRange(Items(value, place));
                break;
            case "MTU":
                Mtu(value, place);
                break;
            case "Table":
                Interface = Interface with { Table = value };
                break;
            case "SaveConfig":
                SaveConfig(value, place);
                break;
            default:
                hooks.Add(new WgHook(key, value, place));
                break;
        }
    }

    public void WgKey(string key, string value, SourcePlace place, Action<SourcePlace, string, string?> refuse)
    {
        switch (key)
        {
            case "PrivateKey":
                if (WireGuardKey.TryParse(value, out var secret))
                    Interface = Interface with { PublicKey = Curve25519.PublicKeyOf(secret) };
                else
                    // The value is not shown: it may be most of a real key.
                    refuse(place, $"the private key has {value.Length} characters or some that base64 has not",
                        "a key is 44 characters that end in '='; make one with wg genkey");
                break;
            case "ListenPort":
                if (WgValues.Port(value, out var surprise) is { } port)
                    Interface = Interface with { ListenPort = port };
                else
                    refuse(place, $"'{value}' is no port", "write a number from 1 to 65535");
                Surprise(place, surprise);
                break;
            case "FwMark":
                if (!WgValues.IsFwMark(value))
                    refuse(place, $"'{value}' is no firewall mark", "write off, or a number up to 0xffffffff");
                break;
            default:
                PeerKey(key, value, place, refuse);
                break;
        }
    }

    private void PeerKey(string key, string value, SourcePlace place, Action<SourcePlace, string, string?> refuse)
    {
        var peer = peers[^1];
        switch (key)
        {
            case "PublicKey":
                if (WireGuardKey.TryParse(value, out var publicKey))
                    peers[^1] = peer with { PublicKey = publicKey };
                else
                    refuse(place, $"'{value}' is no key", "a key is 44 characters that end in '='");
                break;
            case "PresharedKey":
                peers[^1] = peer with { HasPresharedKey = true };
                if (!WireGuardKey.TryParse(value, out _))
                    refuse(place, $"the preshared key has {value.Length} characters or some that base64 has not",
                        "make one with wg genpsk");
                break;
            case "PersistentKeepalive":
                if (WgValues.Keepalive(value) is { } seconds)
                    peers[^1] = peer with { Keepalive = seconds };
                else
                    refuse(place, $"'{value}' is no keepalive", "write off, or seconds from 0 to 65535");
                break;
            case "Endpoint":
                Endpoint(value, place, refuse);
                break;
            default:
                foreach (var item in value.Split(','))
                    Allowed(item, place, refuse);
                break;
        }
    }

    private void Endpoint(string value, SourcePlace place, Action<SourcePlace, string, string?> refuse)
    {
        if (WgValues.Endpoint(value, out var host, out var port) is { } complaint)
            refuse(place, $"'{value}' is no endpoint: {complaint}", "write host:port or [IPv6]:port");
        else if (WgValues.Port(port, out var surprise) is not { } number)
            refuse(place, $"'{value}' is no endpoint: '{port}' is no port", "write host:port or [IPv6]:port");
        else
        {
            peers[^1] = peers[^1] with { Endpoint = (host, number) };
            Surprise(place, surprise);
        }
    }

    private void Allowed(string item, SourcePlace place, Action<SourcePlace, string, string?> refuse)
    {
        if (WgValues.AllowedIp(item, out var hostBits) is { } complaint)
        {
            refuse(place, item.Length == 0 ? "AllowedIPs has an empty item" : $"AllowedIPs: {complaint}",
                "write addresses with prefix lengths, separated by commas");
            return;
        }

        var range = item.Contains('/') && Cidr.TryParseLoosely(item, out var cidr, out _) ? cidr.ToString() : item;
        if (hostBits)
            Surprise(place, $"wg clears the bits of {item} beyond its prefix: {range}");
        allowed.Add(new WgValue(item, place));
        if (!claims.TryAdd(range, (peers.Count, place)) && claims[range].Peer != peers.Count)
            found.Add(new Diagnostic(DiagnosticCodes.AllowedIpsOverlap, DiagnosticSeverity.Warning, place,
                $"{range} was given to another peer at {claims[range].Place}: this one gets it, and that one nothing",
                "give each address to one peer"));
    }

    private void Address(WgValue item)
    {
        if (WgValues.AllowedIp(item.Text, out _) is { } complaint)
            found.Add(new Diagnostic(DiagnosticCodes.TunnelFileFails, DiagnosticSeverity.Error, item.Place,
                $"Address: {complaint}", "write the interface's address with its prefix length: 10.77.0.2/24"));
        else
            addresses.Add(item);
    }

    private void Mtu(string value, SourcePlace place)
    {
        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var mtu)
            && mtu is >= 68 and <= 65535)
            Interface = Interface with { Mtu = mtu };
        else
            found.Add(new Diagnostic(DiagnosticCodes.TunnelFileFails, DiagnosticSeverity.Error, place,
                $"'{value}' is no MTU", "write bytes, such as 1420, or leave it out"));
    }

    private void SaveConfig(string value, SourcePlace place)
    {
        var on = value.Equals("true", StringComparison.OrdinalIgnoreCase);
        if (!on && !value.Equals("false", StringComparison.OrdinalIgnoreCase))
            found.Add(new Diagnostic(DiagnosticCodes.TunnelFileRefused, DiagnosticSeverity.Error, place,
                $"'{value}' is neither true nor false", "remove the line"));
        Interface = Interface with { SaveConfig = on };
        if (on)
            found.Add(new Diagnostic(DiagnosticCodes.SavesConfig, DiagnosticSeverity.Warning, place,
                "wg-quick down rewrites this file from the live state: edits made meanwhile, comments and host names "
                + "are lost", "remove SaveConfig"));
    }

    private void Surprise(SourcePlace place, string? message)
    {
        if (message is not null)
            found.Add(new Diagnostic(DiagnosticCodes.TunnelFileSurprise, DiagnosticSeverity.Warning, place, message));
    }

    private void EndPeer()
    {
        if (inPeer && allowed.Count > 0)
            peers[^1] = peers[^1] with { AllowedIps = [.. allowed] };
        allowed.Clear();
    }

    // wg-quick splits at commas and blanks.
    private static IEnumerable<WgValue> Items(string value, SourcePlace place)
    {
        foreach (Match item in Item().Matches(value))
            yield return new WgValue(item.Value, place with { Column = place.Column + item.Index });
    }

    [GeneratedRegex(@"^\s*(?:friendly_name|name)\s*[=:]\s*(\S.*)$", RegexOptions.IgnoreCase)]
    private static partial Regex NameComment();

    [GeneratedRegex(@"[^,\s]+")]
    private static partial Regex Item();
}
