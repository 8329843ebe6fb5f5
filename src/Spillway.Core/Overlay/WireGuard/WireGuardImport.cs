using System.Globalization;
using System.Net;
using System.Text;
using Spillway.Core.ClusterFile;
using Spillway.Core.Quantities;

namespace Spillway.Core.Overlay.WireGuard;

/// <summary>What came of reading somebody's WireGuard files.</summary>
/// <param name="ClusterFile">Null while a file is refused, or where no hub could be made out.</param>
public sealed record AdoptedNetwork(string? ClusterFile, IReadOnlyList<Diagnostic> Diagnostics);

/// <summary>
/// Turns a hand-made hub and its clients into a cluster file: addresses, keys and ports stay as they are, so that nothing
/// has to be cut. Private keys are used to see whose file is whose, and do not go into the result.
/// </summary>
public static class WireGuardImport
{
    public static AdoptedNetwork Adopt(string clusterName, IReadOnlyList<WgQuickFile> files)
    {
        var found = files.SelectMany(file => file.Diagnostics).ToList();
        if (found.Any(diagnostic => diagnostic.IsError))
            return new AdoptedNetwork(null, found);
        var withAddress = files.Where(file => file.Interface.Addresses.Count > 0).ToList();
        if (HubOf(withAddress) is not { } hub)
        {
            found.Add(new Diagnostic(DiagnosticCodes.NotAdopted, DiagnosticSeverity.Error,
                new SourcePlace(files.Count > 0 ? files[0].Name : "", 0, 0),
                "none of the files is a hub: an [Interface] with an Address, and a [Peer] for each client"));
            return new AdoptedNetwork(null, found);
        }

        var adoption = new Adoption(hub, [.. withAddress.Where(file => file != hub)], found);
        return new AdoptedNetwork(adoption.Write(clusterName), found);
    }

    // The one whose peers are most, and of equals the one that listens.
    private static WgQuickFile? HubOf(IReadOnlyList<WgQuickFile> files) => files
        .Where(file => file.Peers.Count > 0)
        .OrderByDescending(file => file.Peers.Count)
        .ThenByDescending(file => file.Interface.ListenPort is not null)
        .FirstOrDefault();
}

/// <summary>One adoption while it is worked out.</summary>
internal sealed class Adoption(WgQuickFile hub, IReadOnlyList<WgQuickFile> clients, List<Diagnostic> found)
{
    private const int DefaultPort = 51820;

    private readonly HashSet<string> names = new(StringComparer.Ordinal);
    private readonly List<(string Site, string Range, string Gateway)> behind = [];

    public string Write(string clusterName)
    {
        var (address, range) = Split(hub.Interface.Addresses[0].Text);
        range = Widened(range);
        foreach (var more in hub.Interface.Addresses.Skip(1))
            Note(more.Place, $"the hub's further address {more.Text} has no place in a cluster file");
        foreach (var hook in hub.Interface.Hooks)
            Note(hook.Place, $"{hook.When} of the hub is not taken over: spillway routes and forwards itself");
        var hubName = Name(hub.Interface.Label ?? (IsDeviceName(hub.Name) ? "hub" : null), hub.Name, address);
        var machines = new StringBuilder();
        var endpoint = HubEndpoint();
        if (endpoint is null)
            Note(new SourcePlace(hub.Name, 0, 0), $"no client's file says where {hubName} is called: add its address");
        Machine(machines, hubName, "control-plane", "hub", endpoint, address, HubKey());
        foreach (var peer in hub.Peers)
            Client(machines, peer, range);
        var keepalive = clients.SelectMany(file => file.Peers).Select(peer => peer.Keepalive).Append(0).Max();

        var text = new StringBuilder();
        text.Append("# Adopted from a hand-made WireGuard hub: addresses, keys and ports are those that are in use.\n");
        text.Append("# Say where machines stand (site) and how to reach them (ssh), and choose a distribution.\n");
        text.Append("apiVersion: spillway.dev/v1\nkind: Cluster\n");
        text.Append($"metadata: {{name: {clusterName}}}\nspec:\n");
        text.Append("  kubernetes: {distribution: existing}\n");
        text.Append($"  overlay:\n    kind: wireguard\n    cidr: {range}\n");
        text.Append(CultureInfo.InvariantCulture, $"    port: {hub.Interface.ListenPort ?? DefaultPort}\n");
        text.Append(CultureInfo.InvariantCulture, $"    topology: hub\n    keepalive: {keepalive}s\n");
        if (behind.Count > 0)
            text.Append("  sites:\n");
        foreach (var (site, cidr, gateway) in behind)
            text.Append($"    - {{name: {site}, cidr: {cidr}, gateway: {gateway}}}\n");
        text.Append("  machines:\n").Append(machines);
        return text.ToString();
    }

    private void Client(StringBuilder machines, WgPeer peer, Cidr range)
    {
        var (own, others) = Addresses(peer, range);
        if (own is null)
        {
            Note(peer.Place, "the peer has no address of its own in the hub's network: it is left out");
            return;
        }

        var file = clients.FirstOrDefault(file =>
            file.Interface.Addresses.Any(address => Split(address.Text).Own.Equals(own)));
        if (file?.Interface.PublicKey is { } key && key != peer.PublicKey)
            found.Add(new Diagnostic(DiagnosticCodes.KeysDiffer, DiagnosticSeverity.Warning, peer.Place,
                $"the hub knows {own} by another key than that of {file.Name}: their tunnel cannot come up",
                $"the file's own public key is {key}"));
        if (file is null)
            Note(peer.Place, $"no file of the folder belongs to {own}: what the hub says of it is all that is known");
        if (peer.HasPresharedKey)
            Note(peer.Place, "the preshared key is not taken over: it stays in your files");
        var name = Name(peer.Label ?? file?.Interface.Label, file?.Name, own);
        // Sites are unknown: one each claims nothing about who shares a local network.
        Machine(machines, name, "worker", name, peer.Endpoint, own, peer.PublicKey);
        for (var i = 0; i < others.Count; i++)
        {
            if (i == 0)
                behind.Add((SiteOf(name), others[i].ToString(), name));
            else
                Note(peer.Place, $"{others[i]} behind {name} is left out: a site has one network");
        }
    }

    private void Machine(
        StringBuilder text, string name, string role, string site, (string Host, int Port)? endpoint, IPAddress address,
        WireGuardKey? key)
    {
        text.Append($"    - name: {name}\n");
        if (role != "worker")
            text.Append($"      role: {role}\n");
        text.Append($"      site: {SiteOf(site)}\n");
        if (endpoint is { } known)
        {
            var port = hub.Interface.ListenPort ?? DefaultPort;
            text.Append($"      address: \"{new Endpoint(known.Host, known.Port == port ? null : known.Port)}\"\n");
        }

        text.Append($"      overlayAddress: \"{address}\"\n");
        if (key is not null)
            text.Append($"      publicKey: {key}\n");
    }

    private (IPAddress? Own, List<Cidr> Others) Addresses(WgPeer peer, Cidr range)
    {
        IPAddress? own = null;
        var others = new List<Cidr>();
        foreach (var allowed in peer.AllowedIps)
        {
            if (!Cidr.TryParseLoosely(Whole(allowed.Text), out var cidr, out _))
                continue;
            if (cidr.Size == 1 && range.Contains(cidr.Network) && own is null)
                own = cidr.Network;
            else if (cidr.PrefixLength == 0)
                Note(allowed.Place, "a peer that takes all traffic has no place in a cluster file");
            else
                others.Add(cidr);
        }

        return (own, others);
    }

    // A hub with 10.0.44.1/32 still serves the addresses that its peers have.
    private Cidr Widened(Cidr range)
    {
        if (range.Size > 2)
            return range;
        var addresses = hub.Peers.SelectMany(peer => peer.AllowedIps)
            .Select(allowed => Cidr.TryParseLoosely(Whole(allowed.Text), out var cidr, out _) ? cidr : null)
            .OfType<Cidr>().Where(cidr => cidr.Size == 1 && cidr.IsIpv6 == range.IsIpv6).ToList();
        for (var prefix = range.IsIpv6 ? 112 : 24; prefix > 0; prefix -= 8)
        {
            if (Cidr.TryParseLoosely(string.Create(CultureInfo.InvariantCulture, $"{range.Network}/{prefix}"),
                out var wider, out _) && addresses.All(wider.Contains))
                return wider;
        }

        return range;
    }

    private (string Host, int Port)? HubEndpoint()
    {
        var key = HubKey();
        return clients.SelectMany(file => file.Peers)
            .Where(peer => peer.Endpoint is not null && (key is null || peer.PublicKey == key))
            .Select(peer => peer.Endpoint)
            .FirstOrDefault();
    }

    private WireGuardKey? HubKey() => hub.Interface.PublicKey
        ?? clients.SelectMany(file => file.Peers).Select(peer => peer.PublicKey).FirstOrDefault(key => key is not null);

    private string Name(string? label, string? file, IPAddress address)
    {
        string[] wanted =
        [
            label?.Split('.')[0] ?? "", Path.GetFileNameWithoutExtension(file ?? ""),
            "machine-" + address.ToString().Replace('.', '-').Replace(':', '-'),
        ];
        var clean = wanted.Select(Clean).First(name => KubernetesNames.IsDnsLabel(name));
        var unique = clean;
        for (var number = 2; !names.Add(unique); number++)
            unique = string.Create(CultureInfo.InvariantCulture, $"{clean}-{number}");
        return unique;
    }

    // wg0.conf says how the interface is called, and nothing about the machine.
    private static bool IsDeviceName(string file) =>
        Path.GetFileNameWithoutExtension(file) is ['w', 'g', .. var number] && number.All(char.IsAsciiDigit);

    private static string SiteOf(string name) => name.Length <= 63 ? name : name[..63].TrimEnd('-');

    private static string Clean(string text)
    {
        var letters = text.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-');
        var joined = string.Join('-', string.Concat(letters).Split('-', StringSplitOptions.RemoveEmptyEntries));
        return joined.Length <= 50 ? joined : joined[..50].TrimEnd('-');
    }

    private static (IPAddress Own, Cidr Range) Split(string text)
    {
        var whole = Whole(text);
        var own = IPAddress.Parse(whole[..whole.IndexOf('/')]);
        // Only addresses that the parser has taken come here.
        return Cidr.TryParseLoosely(whole, out var range, out _)
            ? (own, range)
            : throw new System.Diagnostics.UnreachableException();
    }

    private static string Whole(string text) =>
        text.Contains('/') ? text : text + (text.Contains(':') ? "/128" : "/32");

    private void Note(SourcePlace place, string message) =>
        found.Add(new Diagnostic(DiagnosticCodes.NotAdopted, DiagnosticSeverity.Warning, place, message));
}
