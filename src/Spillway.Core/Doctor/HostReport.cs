using System.Globalization;

namespace Spillway.Core.Doctor;

/// <summary>What was seen on one machine.</summary>
public sealed record HostReport(string Name)
{
    /// <summary>Why nothing could be seen; null for a machine that answered.</summary>
    public string? Unreachable { get; init; }

    /// <summary>Null when the tunnel's interface is not there.</summary>
    public int? TunnelMtu { get; init; }

    public bool HasAddress { get; init; }
    public string PublicKey { get; init; } = "";
    public int ListenPort { get; init; }
    public IReadOnlyList<PeerReport> Peers { get; init; } = [];

    /// <summary>By name, such as <c>net.ipv4.ip_forward</c>.</summary>
    public IReadOnlyDictionary<string, string> Sysctls { get; init; } = new Dictionary<string, string>();

    /// <summary>By address asked for: the interface its packets leave by.</summary>
    public IReadOnlyDictionary<string, string> Routes { get; init; } = new Dictionary<string, string>();

    /// <summary>By overlay address.</summary>
    public IReadOnlyDictionary<string, PingReport> Pings { get; init; } = new Dictionary<string, PingReport>();

    /// <summary>Outer addresses that answer a ping. Silence is no proof: many networks drop pings.</summary>
    public IReadOnlySet<string> OuterAnswers { get; init; } = new HashSet<string>();

    /// <summary>By name: the addresses it leads to here.</summary>
    public IReadOnlyDictionary<string, string> Names { get; init; } = new Dictionary<string, string>();

    /// <summary>Reads what <see cref="HostProbe.Script"/> printed: one fact a line, words parted by spaces.</summary>
    public static HostReport Parse(string name, string text)
    {
        var report = new HostReport(name);
        var peers = new List<PeerReport>();
        var sysctls = new Dictionary<string, string>(StringComparer.Ordinal);
        var routes = new Dictionary<string, string>(StringComparer.Ordinal);
        var pings = new Dictionary<string, PingReport>(StringComparer.Ordinal);
        var outer = new HashSet<string>(StringComparer.Ordinal);
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            switch (line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                case ["mtu", var mtu]:
                    report = report with { TunnelMtu = Number(mtu) };
                    break;
                case ["address", _]:
                    report = report with { HasAddress = true };
                    break;
                case ["key", var key]:
                    report = report with { PublicKey = key };
                    break;
                case ["port", var port]:
                    report = report with { ListenPort = Number(port) };
                    break;
                case ["peer", var key, var endpoint, var allowed, var age, var received, var sent]:
                    peers.Add(new PeerReport(key, endpoint == "(none)" ? "" : endpoint,
                        allowed == "(none)" ? [] : allowed.Split(','), age == "never" ? null : Number(age),
                        long.Parse(received, CultureInfo.InvariantCulture),
                        long.Parse(sent, CultureInfo.InvariantCulture)));
                    break;
                case ["sysctl", var key, var value]:
                    sysctls[key] = value;
                    break;
                case ["route", var to, var device]:
                    routes[to] = device;
                    break;
                case ["ping", var to, var answered, var largest]:
                    pings[to] = new PingReport(answered == "yes", Number(largest));
                    break;
                case ["outer", var address]:
                    outer.Add(address);
                    break;
                case ["name", var asked, .. var addresses]:
                    names[asked] = string.Join(' ', addresses);
                    break;
            }
        }

        return report with
        {
            Peers = peers, Sysctls = sysctls, Routes = routes, Pings = pings, OuterAnswers = outer, Names = names,
        };
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : 0;
}

/// <summary>The other end of a tunnel, as a machine is set to it.</summary>
/// <param name="HandshakeAge">In seconds; null when there never was one.</param>
public sealed record PeerReport(
    string Key, string Endpoint, IReadOnlyList<string> AllowedIps, int? HandshakeAge, long Received, long Sent);

/// <param name="Largest">Bytes of the largest packet, headers and all, that passed unbroken; 0 for none.</param>
public sealed record PingReport(bool Answered, int Largest);

/// <summary>What Kubernetes says of a node.</summary>
/// <param name="Annotations">Those of pod networks among them.</param>
public sealed record NodeReport(
    string Name, bool IsReady, string WhyNotReady, string InternalIp, IReadOnlyDictionary<string, string> Annotations);
