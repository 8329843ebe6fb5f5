using System.Net;
using Spillway.Core.Costs;
using Spillway.Core.Overlay.WireGuard;
using Spillway.Core.Quantities;

namespace Spillway.Core.ClusterFile;

/// <summary>The <c>kind: Cluster</c> document: what the team owns, what it may rent, and how it wants to spend.</summary>
public sealed record Cluster
{
    public required string Name { get; init; }
    public KubernetesSettings Kubernetes { get; init; } = new();
    public OverlaySettings Overlay { get; init; } = new();
    public IReadOnlyList<Site> Sites { get; init; } = [];
    public IReadOnlyList<Machine> Machines { get; init; } = [];
    public IReadOnlyList<Pool> Pools { get; init; } = [];
    public Policy Policy { get; init; } = new();

    /// <summary>Names people use, by name: a machine, or an address. <c>*.apps.lab</c> stands for all names below.</summary>
    public IReadOnlyDictionary<string, string> Names { get; init; } = EmptyLabels.Instance;

    public SourcePlaces Places { get; init; } = SourcePlaces.None;

    public Pool? FindPool(string name) => Pools.FirstOrDefault(pool => pool.Name == name);

    public Machine? FindMachine(string name) => Machines.FirstOrDefault(machine => machine.Name == name);
}

/// <summary>Everything a cluster folder says that Core decides by: the cluster and the accelerators it knows.</summary>
public sealed record ClusterModel(Cluster Cluster, IReadOnlyList<Accelerator> Accelerators);

public enum Distribution
{
    Embedded,
    Kubeadm,
    Rke2,
    K3s,
    Existing,
}

public enum ContainerRuntime
{
    CriO,
    Containerd,
}

public enum PodNetwork
{
    Cilium,
    Calico,
    Flannel,
    Canal,
}

/// <summary>How packets travel between pods of different nodes.</summary>
public enum PodRouting
{
    /// <summary>Wrapped between node addresses (VXLAN): the network in between never sees a pod's address.</summary>
    Tunnel,

    /// <summary>As they are: the overlay has to know which node has which pods.</summary>
    Native,
}

public sealed record KubernetesSettings
{
    public Distribution Distribution { get; init; } = Distribution.Embedded;

    /// <summary>Minor version, <c>1.36</c>, or an exact one, <c>1.36.2</c>.</summary>
    public string Version { get; init; } = "1.36";

    public ContainerRuntime Runtime { get; init; } = ContainerRuntime.Containerd;
    public PodNetwork Network { get; init; } = PodNetwork.Cilium;
    public Cidr PodCidr { get; init; } = Cidr.Parse("10.244.0.0/16");
    public Cidr ServiceCidr { get; init; } = Cidr.Parse("10.96.0.0/12");
    public PodRouting Routing { get; init; } = PodRouting.Tunnel;

    /// <summary>Mirrors asked before a registry, by the registry's host.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Registries { get; init; } =
        new SortedDictionary<string, IReadOnlyList<string>>();

    public SourcePlaces Places { get; init; } = SourcePlaces.None;
}

public enum OverlayKind
{
    None,
    WireGuard,
    OpenVpn,
}

public enum OverlayTopology
{
    Mesh,
    Hub,
}

public sealed record OverlaySettings
{
    /// <summary>OpenVPN's registered port.</summary>
    public const int OpenVpnPort = 1194;

    public OverlayKind Kind { get; init; } = OverlayKind.None;
    public Cidr Cidr { get; init; } = Cidr.Parse("10.77.0.0/24");

    /// <summary>UDP port every node listens on.</summary>
    public int Port { get; init; } = 51820;

    public OverlayTopology Topology { get; init; } = OverlayTopology.Mesh;

    /// <summary>How often a node behind NAT speaks to keep its mapping; zero for never.</summary>
    public TimeSpan Keepalive { get; init; } = TimeSpan.FromSeconds(21);

    public SourcePlaces Places { get; init; } = SourcePlaces.None;
}

/// <summary>A place whose machines share a local network. Naming a site on a machine is enough to make it.</summary>
public sealed record Site
{
    public required string Name { get; init; }

    /// <summary>The site's local network, to find overlaps with the cluster's ranges.</summary>
    public Cidr? Cidr { get; init; }

    /// <summary>Largest packet, in bytes, that its line to the internet carries.</summary>
    public int? Mtu { get; init; }

    /// <summary>The machine whose tunnel carries the whole site; the site's other machines then have none.</summary>
    public string? Gateway { get; init; }

    public SourcePlaces Places { get; init; } = SourcePlaces.None;
}

public enum MachineRole
{
    Worker,
    ControlPlane,
}

/// <summary>Which package sources and tools a machine's system has.</summary>
public enum OsFamily
{
    Debian,
    Ubuntu,
    Rhel,
}

/// <summary>One machine the team owns.</summary>
public sealed record Machine
{
    public const string DefaultSite = "default";

    public required string Name { get; init; }
    public MachineRole Role { get; init; } = MachineRole.Worker;
    public string Site { get; init; } = DefaultSite;

    /// <summary>Public or site address, where other machines reach it.</summary>
    public Endpoint? Address { get; init; }

    /// <summary>Its address inside the overlay, where it must not be chosen by Spillway.</summary>
    public IPAddress? OverlayAddress { get; init; }

    public SshTarget? Ssh { get; init; }

    /// <summary>Its WireGuard public key, once it has made its key pair.</summary>
    public WireGuardKey? PublicKey { get; init; }

    /// <summary>Its network card, for a machine whose traffic does not leave by a tunnel of its own.</summary>
    public string Interface { get; init; } = "eth0";

    /// <summary>Largest packet, in bytes, that its network card sends.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>The pods' addresses on this node, where they must be known beforehand.</summary>
    public Cidr? PodCidr { get; init; }

    public OsFamily Os { get; init; } = OsFamily.Debian;

    /// <summary><c>amd64</c> or <c>arm64</c>.</summary>
    public string Arch { get; init; } = "amd64";

    /// <summary>What the node offers besides its devices: cpu, memory, ephemeral-storage, pods, anything countable.</summary>
    public ResourceList Capacity { get; init; } = ResourceList.Empty;

    public IReadOnlyList<DeviceClaim> Devices { get; init; } = [];
    public IReadOnlyDictionary<string, string> Labels { get; init; } = EmptyLabels.Instance;

    /// <summary>Null when the file says nothing: a control plane then gets Kubernetes' usual taint, others none.</summary>
    public IReadOnlyList<Taint>? Taints { get; init; }

    /// <summary>Whether hyper-threads are used as CPUs.</summary>
    public bool Smt { get; init; } = true;

    /// <summary>Whether pods with whole CPUs get them for themselves (the kubelet's static CPU manager).</summary>
    public bool ExclusiveCpus { get; init; }

    /// <summary>CPUs kept for the system, as the kernel lists them: <c>0-1</c>. Needed for exclusive CPUs.</summary>
    public string? ReservedCpus { get; init; }

    public MachineCost? Cost { get; init; }
    public SourcePlaces Places { get; init; } = SourcePlaces.None;
}

/// <summary>Devices of one model in a machine or in each node of a pool.</summary>
/// <param name="Resource">The extended resource to use for a model that Spillway does not know, or instead of its own.</param>
public sealed record DeviceClaim(string Model, int Count = 1, string? Resource = null)
{
    public SourcePlaces Places { get; init; } = SourcePlaces.None;
}

/// <summary>What a machine of one's own costs.</summary>
public sealed record MachineCost
{
    public Money? Purchase { get; init; }

    /// <summary>Over how long the purchase is written off, in a straight line. Chosen, not measured: four years.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromDays(4 * 365);

    /// <summary>Power drawn under load.</summary>
    public Power? Power { get; init; }

    /// <summary>Power drawn while nothing runs; left out, the same as under load.</summary>
    public Power? IdlePower { get; init; }

    public ElectricityPrice? Electricity { get; init; }

    /// <summary>Rent, colocation, hosting: what is paid for it every month.</summary>
    public MonthlyPrice? Monthly { get; init; }

    /// <summary>A flat price, for a machine paid by the hour.</summary>
    public HourlyPrice? Hourly { get; init; }

    public SourcePlaces Places { get; init; } = SourcePlaces.None;
}

internal static class EmptyLabels
{
    public static IReadOnlyDictionary<string, string> Instance { get; } = new SortedDictionary<string, string>();
}
