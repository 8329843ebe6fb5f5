using System.Globalization;
using System.Text;
using Spillway.Core.Bootstrap;
using Spillway.Core.ClusterFile;
using Spillway.Core.Quantities;

namespace Spillway.Core.Overlay.OpenVpn;

/// <summary>
/// Configurations of community OpenVPN for the hub and its clients. Every client has a fixed address, only machines of
/// the file are let in, and nothing a server pushes can take a client's default route or its DNS.
/// </summary>
public static class OpenVpnFiles
{
    public const string ServerFolder = "/etc/openvpn/server";
    public const string ClientFolder = "/etc/openvpn/client";

    private const string Ciphers = "AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305";

    /// <summary>The unit that Debian's, Ubuntu's and RHEL's packages bring, for our configuration.</summary>
    public static string UnitOf(OverlayNode node, OverlayPlan plan) =>
        IsServer(node, plan) ? "openvpn-server@spillway.service" : "openvpn-client@spillway.service";

    /// <summary>Certificate, key and the rest that its configuration names are in this folder.</summary>
    public static string FolderOf(OverlayNode node, OverlayPlan plan) =>
        IsServer(node, plan) ? ServerFolder : ClientFolder;

    public static bool IsServer(OverlayNode node, OverlayPlan plan) => node.Name == plan.Hub;

    /// <summary>Empty for a machine without a tunnel of its own.</summary>
    public static IReadOnlyList<HostFile> For(OverlayNode node, OverlayPlan plan)
    {
        if (node.OverlayAddress is null)
            return [];
        if (!IsServer(node, plan))
            return [new HostFile($"{ClientFolder}/spillway.conf", "0644", Client(node, plan))];
        return
        [
            new HostFile($"{ServerFolder}/spillway.conf", "0644", Server(node, plan)),
            .. plan.Nodes.Where(other => other.OverlayAddress is not null && other.Name != node.Name)
                .Select(other => new HostFile($"{ServerFolder}/ccd/{other.Name}", "0644", ClientOnServer(other, plan))),
        ];
    }

    private static string Server(OverlayNode node, OverlayPlan plan)
    {
        var text = Common(plan, ServerFolder, node.Name);
        text.Append("mode server\ntls-server\ntopology subnet\npush \"topology subnet\"\n");
        text.Append(CultureInfo.InvariantCulture, $"port {plan.Cluster.Overlay.Port}\n");
        text.Append($"ifconfig {node.OverlayAddress} {plan.Cluster.Overlay.Cidr.Netmask}\n");
        text.Append($"push \"route-gateway {node.OverlayAddress}\"\n");
        text.Append("dh none\nremote-cert-tls client\n");
        text.Append($"crl-verify {ServerFolder}/crl.pem\n");
        text.Append("# Clients talk to each other, have the addresses of their files, and are nobody else.\n");
        text.Append($"client-to-client\nclient-config-dir {ServerFolder}/ccd\nccd-exclusive\n");
        var seconds = Math.Clamp((long)plan.Cluster.Overlay.Keepalive.TotalSeconds, 5, 600);
        text.Append(CultureInfo.InvariantCulture, $"keepalive {seconds} {seconds * 4}\n");
        foreach (var range in node.Peers.SelectMany(peer => Behind(peer, plan)))
            text.Append($"route {range.Network} {range.Netmask}\n");
        return text.ToString();
    }

    private static string Client(OverlayNode node, OverlayPlan plan)
    {
        var text = Common(plan, ClientFolder, node.Name);
        text.Append("client\nnobind\nresolv-retry infinite\nremote-cert-tls server\n");
        text.Append($"verify-x509-name {plan.Hub} name\n");
        if (node.Peers.FirstOrDefault()?.Endpoint is { } server)
            text.Append($"remote {server.Host} {server.Port}\n");
        text.Append("# Whatever the server pushes: the default route and the DNS of this machine stay its own.\n");
        foreach (var pushed in new[] { "redirect-gateway", "redirect-private", "dhcp-option", "block-outside-dns" })
            text.Append($"pull-filter ignore \"{pushed}\"\n");
        foreach (var route in node.Routes.Where(route => route.To == plan.Cluster.Kubernetes.ServiceCidr))
            text.Append($"# {route.Why}\nroute {route.To.Network} {route.To.Netmask}\n");
        return text.ToString();
    }

    private static string ClientOnServer(OverlayNode client, OverlayPlan plan)
    {
        var text = new StringBuilder();
        text.Append($"ifconfig-push {client.OverlayAddress} {plan.Cluster.Overlay.Cidr.Netmask}\n");
        var hub = plan.Find(plan.Hub!)!;
        if (hub.Peers.FirstOrDefault(peer => peer.Machine == client.Name) is { } own)
        {
            foreach (var range in Behind(own, plan))
                text.Append($"iroute {range.Network} {range.Netmask}\n");
        }

        foreach (var range in client.Peers.SelectMany(peer => Behind(peer, plan)))
            text.Append($"push \"route {range.Network} {range.Netmask}\"\n");
        return text.ToString();
    }

    private static StringBuilder Common(OverlayPlan plan, string folder, string machine)
    {
        var text = new StringBuilder();
        text.Append($"# {machine} in the overlay of {plan.Cluster.Name}; written by spillway, changes get lost.\n");
        text.Append($"dev {plan.Device}\ndev-type tun\nproto udp\n");
        text.Append(CultureInfo.InvariantCulture, $"tun-mtu {plan.Mtu.Tunnel}\n");
        text.Append($"ca {folder}/ca.crt\ncert {folder}/{machine}.crt\nkey {folder}/{machine}.key\n");
        text.Append($"tls-crypt {folder}/tls-crypt.key\ntls-version-min 1.2\n");
        text.Append($"data-ciphers {Ciphers}\npersist-key\npersist-tun\nverb 3\n");
        return text;
    }

    /// <summary>What is reached behind a peer: whole sites and, with native routing, pods; not the peers themselves.</summary>
    private static IEnumerable<Cidr> Behind(OverlayPeer peer, OverlayPlan plan) =>
        peer.AllowedIps.Where(range => !plan.Cluster.Overlay.Cidr.Contains(range));
}
