using System.Net;
using System.Text.Json.Nodes;
using Spillway.Core.ClusterFile;
using Spillway.Core.Quantities;

namespace Spillway.Core.Overlay;

/// <summary>The network of a cluster: what each machine is to be told, and why.</summary>
public sealed record OverlayPlan
{
    public required Cluster Cluster { get; init; }

    /// <summary>The tunnel's interface, <c>wg0</c> or <c>tun0</c>; empty without an overlay.</summary>
    public required string Device { get; init; }

    /// <summary>Carries what cannot go directly; null where the file has no machine that could.</summary>
    public required string? Hub { get; init; }

    public required TunnelMtu Mtu { get; init; }

    /// <summary>In the order of the file.</summary>
    public required IReadOnlyList<OverlayNode> Nodes { get; init; }

    /// <summary>One for every pair of machines.</summary>
    public required IReadOnlyList<Way> Ways { get; init; }

    public required ApiServerPlan Api { get; init; }

    public required PodNetworkPlan Pods { get; init; }

    /// <summary>What is wrong or risky with it; errors are refusals.</summary>
    public required IReadOnlyList<Diagnostic> Complaints { get; init; }

    public OverlayNode? Find(string machine) => Nodes.FirstOrDefault(node => node.Name == machine);
}

/// <summary>One machine's part in the network.</summary>
public sealed record OverlayNode
{
    public required Machine Machine { get; init; }

    /// <summary>Null for a machine behind its site's gateway, and without an overlay.</summary>
    public required IPAddress? OverlayAddress { get; init; }

    /// <summary>What the kubelet registers (<c>--node-ip</c>) and pod networks use; null when nothing says.</summary>
    public required IPAddress? NodeIp { get; init; }

    public required string NodeIpWhy { get; init; }

    /// <summary>By which traffic to other nodes leaves.</summary>
    public required string Interface { get; init; }

    /// <summary>The machine whose tunnel carries this one's traffic; null for one with a tunnel of its own.</summary>
    public required string? Gateway { get; init; }

    /// <summary>Whether others can call its tunnel, so that its port has to be open.</summary>
    public required bool IsCalled { get; init; }

    /// <summary>Whether it passes packets on between tunnels or from a tunnel to its site.</summary>
    public required bool Forwards { get; init; }

    public required IReadOnlyList<OverlayPeer> Peers { get; init; }
    public required IReadOnlyList<NodeRoute> Routes { get; init; }
    public required IReadOnlyList<FirewallRule> Firewall { get; init; }
    public required IReadOnlyList<InterfaceMtu> Mtus { get; init; }

    public string Name => Machine.Name;
}

/// <summary>The other end of a tunnel.</summary>
/// <param name="Endpoint">Where to call it; null when it calls.</param>
/// <param name="AllowedIps">What is sent to it and taken from it.</param>
/// <param name="Keepalive">Zero for never.</param>
public sealed record OverlayPeer(
    string Machine, Endpoint? Endpoint, IReadOnlyList<Cidr> AllowedIps, TimeSpan Keepalive, string Why);

/// <param name="Via">The next hop; null for what is at the other end of the device.</param>
/// <param name="Source">The sender's address where the usual one would be wrong.</param>
public sealed record NodeRoute(Cidr To, string Device, IPAddress? Via, IPAddress? Source, string Why);

/// <param name="Ports"><c>51820</c>, <c>30000-32767</c>.</param>
/// <param name="From">Ranges it holds for; empty for anywhere.</param>
/// <param name="OthersRefused">Whether what comes from elsewhere has to be dropped, firewall or not.</param>
public sealed record FirewallRule(
    string Protocol, string Ports, IReadOnlyList<Cidr> From, bool OthersRefused, string Why);

public sealed record InterfaceMtu(string Interface, int Mtu, string Why);

/// <summary>How the API server is reached.</summary>
/// <param name="Endpoint">What nodes call: the first control plane's node address and port; null when none is known.</param>
/// <param name="Advertise">By control plane.</param>
/// <param name="Sans">Names and addresses its certificate holds.</param>
public sealed record ApiServerPlan(
    Endpoint? Endpoint, IReadOnlyDictionary<string, IPAddress> Advertise, IReadOnlyList<string> Sans)
{
    public const int Port = 6443;
}

/// <summary>The pod network's settings, as the values of its Helm chart.</summary>
/// <param name="Interfaces">By which nodes reach each other: one name, or several where machines differ.</param>
/// <param name="Annotations">By node, where one cluster-wide setting cannot be right for all.</param>
public sealed record PodNetworkPlan(
    PodNetwork Kind, IReadOnlyList<string> Interfaces, int PodMtu, JsonObject Values,
    IReadOnlyDictionary<string, KeyValuePair<string, string>> Annotations, IReadOnlyList<string> Why);
