using System.Globalization;
using System.Text;
using Spillway.Core.ClusterFile;

namespace Spillway.Core.Overlay.WireGuard;

/// <summary>Writes a machine's wg-quick file. No private key is in it: the machine has made its own and keeps it.</summary>
public static class WireGuardFiles
{
    public const string Folder = "/etc/wireguard";

    /// <summary>Where a machine keeps the key pair that it made, mode 0600.</summary>
    public static string PrivateKeyPath(string device) => $"{Folder}/{device}.key";

    /// <summary>
    /// With routes, sizes and the key's file, so that wg-quick brings the whole thing up. A peer whose public key is not
    /// known yet is left as a comment: the file is good without it, and <c>wg syncconf</c> adds it later.
    /// </summary>
    public static string For(OverlayNode node, OverlayPlan plan)
    {
        var text = new StringBuilder();
        text.Append($"# {node.Name} in the overlay of {plan.Cluster.Name}; written by spillway, changes get lost.\n");
        Head(text, node, plan);
        text.Append($"MTU = {plan.Mtu.Tunnel}\n");
        text.Append($"# The private key stays on this machine: wg genkey made it there.\n");
        text.Append($"PostUp = wg set %i private-key {PrivateKeyPath("%i")}\n");
        if (node.Forwards)
            text.Append(plan.Cluster.Overlay.Cidr.IsIpv6
                ? "PostUp = sysctl -q -w net.ipv6.conf.all.forwarding=1\n"
                : "PostUp = sysctl -q -w net.ipv4.ip_forward=1\n");
        foreach (var route in node.Routes.Where(NeedsCommand(node, plan)))
            text.Append($"# {route.Why}\nPostUp = ip route replace {route.To} dev %i src {route.Source}\n");
        Peers(text, node, plan, comments: true);
        return text.ToString();
    }

    /// <summary>
    /// The lines that people write by hand, and no others: server <c>/24</c> with SaveConfig and peers <c>/32</c>, clients
    /// with the whole range and a keepalive. Somebody has to put the private key where its place is.
    /// </summary>
    public static string AsByHand(OverlayNode node, OverlayPlan plan)
    {
        var text = new StringBuilder();
        var isHub = node.Name == plan.Hub;
        text.Append($"[Interface]\nAddress = {Address(node, plan)}\n");
        if (isHub)
            text.Append($"SaveConfig = true\nListenPort = {Port(plan)}\n");
        text.Append($"PrivateKey = <private key of {node.Name}>\n");
        Peers(text, node, plan, comments: false);
        return text.ToString();
    }

    private static void Head(StringBuilder text, OverlayNode node, OverlayPlan plan)
    {
        text.Append($"[Interface]\nAddress = {Address(node, plan)}\n");
        // One that nobody calls takes any free port: two of them may stand behind one NAT.
        if (node.IsCalled)
            text.Append($"ListenPort = {Port(plan)}\n");
    }

    private static void Peers(StringBuilder text, OverlayNode node, OverlayPlan plan, bool comments)
    {
        foreach (var peer in node.Peers)
        {
            var key = plan.Cluster.FindMachine(peer.Machine)?.PublicKey;
            var lead = key is null && comments ? "# " : "";
            text.Append('\n');
            if (comments)
                text.Append($"# {peer.Machine}: {peer.Why}\n");
            if (key is null && comments)
                text.Append("# Its public key is not known yet: put it into the cluster file as publicKey.\n");
            text.Append($"{lead}[Peer]\n");
            text.Append($"{lead}PublicKey = {key?.ToString() ?? $"<public key of {peer.Machine}>"}\n");
            if (peer.Endpoint is { } endpoint)
                text.Append($"{lead}Endpoint = {endpoint}\n");
            text.Append($"{lead}AllowedIPs = {string.Join(", ", peer.AllowedIps)}\n");
            if (peer.Keepalive > TimeSpan.Zero)
                text.Append($"{lead}PersistentKeepalive = {Seconds(peer.Keepalive)}\n");
        }
    }

    // wg-quick routes what a peer's AllowedIPs say, and the address brings its own range.
    private static Func<NodeRoute, bool> NeedsCommand(OverlayNode node, OverlayPlan plan) => route =>
        route.To != plan.Cluster.Overlay.Cidr && !node.Peers.Any(peer => peer.AllowedIps.Contains(route.To));

    private static string Address(OverlayNode node, OverlayPlan plan) =>
        $"{node.OverlayAddress}/{plan.Cluster.Overlay.Cidr.PrefixLength}";

    private static string Port(OverlayPlan plan) => plan.Cluster.Overlay.Port.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(TimeSpan time) =>
        ((long)Math.Clamp(time.TotalSeconds, 1, 65535)).ToString(CultureInfo.InvariantCulture);
}
