namespace Spillway.Core.Doctor;

/// <summary>What has to work for two nodes to work together, from the wire up. The first broken one breaks those above.</summary>
public enum Layer
{
    /// <summary>The machine answers and reaches the other's outer address.</summary>
    Underlay,

    /// <summary>The way to the other's overlay address leaves by the tunnel.</summary>
    Route,

    /// <summary>What each is told of the other's addresses: a tunnel takes and sends nothing else.</summary>
    AllowedIps,

    /// <summary>The two know each other's keys and have shaken hands lately.</summary>
    Handshake,

    /// <summary>Packets come to the tunnel's port.</summary>
    Port,

    /// <summary>The kernel passes packets on.</summary>
    Forwarding,

    /// <summary>The kernel's filter on senders lets the tunnel's packets in.</summary>
    ReversePath,

    /// <summary>Packets of the planned size pass.</summary>
    Mtu,

    /// <summary>Kubernetes knows the node by its overlay address, Ready.</summary>
    NodeIp,

    /// <summary>The pod network uses that address too.</summary>
    CniEndpoint,

    /// <summary>Calls to services leave by the right way.</summary>
    ServiceRoute,

    /// <summary>The file's names lead where they are to.</summary>
    Dns,
}

/// <summary>How a layer is.</summary>
public enum Health
{
    Good,
    Broken,

    /// <summary>It could not be looked at, or does not exist here; the proof says why.</summary>
    NotSeen,
}

/// <summary>What was found on one layer between two machines.</summary>
/// <param name="Proof">What was seen, with the numbers.</param>
/// <param name="Fix">What to do, as a command where there is one; empty where nothing is to be done.</param>
public sealed record Finding(string From, string To, Layer Layer, Health Health, string Proof, string Fix);

/// <summary>One pair of machines, seen from the first.</summary>
/// <param name="Findings">In the order of the layers.</param>
public sealed record Diagnosis(string From, string To, IReadOnlyList<Finding> Findings)
{
    /// <summary>The cause: the first broken layer; null for a healthy pair.</summary>
    public Finding? FirstBroken => Findings.FirstOrDefault(finding => finding.Health == Health.Broken);
}

/// <summary>The layers' names as people write them.</summary>
public static class LayerNames
{
    public static string Of(Layer layer) => layer switch
    {
        Layer.AllowedIps => "allowed IPs",
        Layer.ReversePath => "rp_filter",
        Layer.Mtu => "MTU",
        Layer.NodeIp => "node-ip",
        Layer.CniEndpoint => "CNI endpoint",
        Layer.ServiceRoute => "service route",
        Layer.Dns => "DNS",
        _ => layer.ToString().ToLowerInvariant(),
    };
}
