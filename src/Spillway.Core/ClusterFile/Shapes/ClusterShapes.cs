using Spillway.Core.Accelerators;
using Spillway.Core.Costs;
using Spillway.Core.Quantities;

namespace Spillway.Core.ClusterFile.Shapes;

/// <summary>The specs of the kinds whose schema is known, without their metadata.</summary>
internal static class ClusterShapes
{
    private static readonly KubernetesSettings KubernetesDefaults = new();
    private static readonly OverlaySettings OverlayDefaults = new();

    private static readonly Field<Distribution> DistributionField = new(
        new ChoiceShape<Distribution>(
            ("embedded", Distribution.Embedded), ("kubeadm", Distribution.Kubeadm), ("rke2", Distribution.Rke2),
            ("k3s", Distribution.K3s), ("existing", Distribution.Existing)),
        "distribution", "What runs Kubernetes; `embedded` runs it in the same process, for trying and rehearsing.",
        Default: "embedded");

    private static readonly Field<string> Version = new(Scalars.Version, "version",
        "Kubernetes version, quoted: `\"1.36\"` or an exact `\"1.36.2\"`.", Default: "\"1.36\"");

    private static readonly Field<ContainerRuntime> Runtime = new(
        new ChoiceShape<ContainerRuntime>(
            ("cri-o", ContainerRuntime.CriO), ("containerd", ContainerRuntime.Containerd)),
        "runtime", "Container runtime.", Default: "containerd");

    private static readonly Field<PodNetwork> Network = new(
        new ChoiceShape<PodNetwork>(
            ("cilium", PodNetwork.Cilium), ("calico", PodNetwork.Calico), ("flannel", PodNetwork.Flannel),
            ("canal", PodNetwork.Canal)),
        "network", "Pod network.", Default: "cilium");

    private static readonly Field<Cidr> PodCidr = new(Scalars.Cidr, "podCidr", "Addresses of pods.",
        Default: "10.244.0.0/16");

    private static readonly Field<Cidr> ServiceCidr = new(Scalars.Cidr, "serviceCidr", "Addresses of services.",
        Default: "10.96.0.0/12");

    private static readonly Field<PodRouting> Routing = new(
        new ChoiceShape<PodRouting>(("tunnel", PodRouting.Tunnel), ("native", PodRouting.Native)), "routing",
        "How pods of different nodes reach each other: wrapped in VXLAN, or as they are (`native`), for which every "
        + "machine needs a `podCidr`.", Default: "tunnel");

    private static readonly Field<IReadOnlyDictionary<string, IReadOnlyList<string>>> Registries = new(
        new MapShape<IReadOnlyList<string>, IReadOnlyDictionary<string, IReadOnlyList<string>>>(
            "mirrors by registry", new ListShape<string>(Scalars.MirrorUrl, "a list of mirrors"),
            Scalars.CheckRegistry, entries => entries),
        "registries", "Mirrors that are asked before a registry: `docker.io: [https://mirror.lab:5000]`.");

    private static readonly Field<KubernetesSettings> Kubernetes = new(
        new ObjectShape<KubernetesSettings>("Kubernetes", "How Kubernetes is run.",
            values => new KubernetesSettings
            {
                Distribution = values.Or(DistributionField, KubernetesDefaults.Distribution),
                Version = values.Or(Version, KubernetesDefaults.Version).TrimStart('v'),
                Runtime = values.Or(Runtime, KubernetesDefaults.Runtime),
                Network = values.Or(Network, KubernetesDefaults.Network),
                PodCidr = values.Or(PodCidr, KubernetesDefaults.PodCidr),
                ServiceCidr = values.Or(ServiceCidr, KubernetesDefaults.ServiceCidr),
                Routing = values.Or(Routing, KubernetesDefaults.Routing),
                Registries = values.Or(Registries, KubernetesDefaults.Registries),
                Places = values.Places,
            },
            DistributionField, Version, Runtime, Network, PodCidr, ServiceCidr, Routing, Registries),
        "kubernetes", "How Kubernetes is run.", Default: "embedded");

    private static readonly Field<OverlayKind> Kind = new(
        new ChoiceShape<OverlayKind>(
            ("wireguard", OverlayKind.WireGuard), ("openvpn", OverlayKind.OpenVpn), ("none", OverlayKind.None)),
        "kind", "What joins the sites to one encrypted network.", Default: "wireguard");

    private static readonly Field<Cidr> OverlayCidr = new(Scalars.Cidr, "cidr", "Addresses of nodes in the overlay.",
        Default: "10.77.0.0/24");

    private static readonly Field<int> Port = new(new NumberShape<int>(1, 65535, integer: true), "port",
        "UDP port that tunnels are called at.", Default: "51820; 1194 with OpenVPN");

    private static readonly Field<OverlayTopology> Topology = new(
        new ChoiceShape<OverlayTopology>(("mesh", OverlayTopology.Mesh), ("hub", OverlayTopology.Hub)), "topology",
        "`mesh` links nodes that can reach each other directly; `hub` sends all through the control plane.",
        Default: "mesh");

    private static readonly Field<TimeSpan> Keepalive = new(Scalars.Duration, "keepalive",
        "How often a node behind NAT speaks to keep its mapping; `0` for never.", Default: "21s");

    private static readonly Field<OverlaySettings> Overlay = new(
        new ObjectShape<OverlaySettings>("Overlay", "The encrypted network that joins all nodes.",
            values => new OverlaySettings
            {
                Kind = values.Or(Kind, OverlayKind.WireGuard),
                Cidr = values.Or(OverlayCidr, OverlayDefaults.Cidr),
                Port = values.Or(Port, values.Or(Kind, OverlayKind.WireGuard) == OverlayKind.OpenVpn
                    ? OverlaySettings.OpenVpnPort
                    : OverlayDefaults.Port),
                Topology = values.Or(Topology, OverlayDefaults.Topology),
                Keepalive = values.Or(Keepalive, OverlayDefaults.Keepalive),
                Places = values.Places,
            },
            Kind, OverlayCidr, Port, Topology, Keepalive),
        "overlay", "The encrypted network that joins all nodes.", Default: "none");

    private static readonly Field<IReadOnlyList<Site>> Sites = new(MachineShapes.Sites, "sites",
        "Local networks of sites, to find overlaps; a site without one needs no entry.");

    private static readonly Field<IReadOnlyDictionary<string, string>> Names = new(
        new MapShape<string, IReadOnlyDictionary<string, string>>(
            "names", Scalars.NameTarget, Scalars.CheckDnsName, entries => entries),
        "names", "Names for people: `grafana.lab: control` points a name, or `*.apps.lab`, to a machine or an address.");

    private static readonly Field<IReadOnlyList<Machine>> Machines = new(MachineShapes.Machines, "machines",
        "What the team owns.");

    private static readonly Field<IReadOnlyList<Pool>> Pools = new(PoolShapes.Pools, "pools", "What the team rents.");

    private static readonly Field<Money> PerHour = new(Scalars.Money, "perHour",
        "Highest sum of the prices of rented nodes running at one time.");

    private static readonly Field<Money> PerDay = new(Scalars.Money, "perDay", "Spent at most in a day (UTC).");
    private static readonly Field<Money> PerMonth = new(Scalars.Money, "perMonth", "Spent at most in a month (UTC).");

    private static readonly Field<Budget> BudgetField = new(
        new ObjectShape<Budget>("Budget", "What may be spent on rented nodes; every limit that is set holds.",
            values => new Budget
            {
                PerHour = values.MaybeValue(PerHour),
                PerDay = values.MaybeValue(PerDay),
                PerMonth = values.MaybeValue(PerMonth),
                Places = values.Places,
            },
            PerHour, PerDay, PerMonth),
        "budget", "What may be spent on rented nodes.", Default: "no limit");

    private static readonly Field<BurstMode> Mode = new(
        new ChoiceShape<BurstMode>(("auto", BurstMode.Auto), ("advise", BurstMode.Advise), ("off", BurstMode.Off)),
        "mode", "`auto` rents, `advise` only says what it would rent, `off` never does.", Default: "auto");

    private static readonly Field<TimeSpan> WaitForOnPrem = new(Scalars.Duration, "waitForOnPrem",
        "How long a job that an owned machine could run, once free, waits for it before a node is rented.",
        Default: "0s");

    private static readonly Field<TimeSpan> IdleAfter = new(Scalars.Duration, "idleAfter",
        "How long a rented node may be idle before it is given back.", Default: "5m");

    private static readonly Field<BurstPolicy> Burst = new(
        new ObjectShape<BurstPolicy>("Burst", "When nodes are rented and given back.",
            values => new BurstPolicy
            {
                Mode = values.Or(Mode, BurstMode.Auto),
                WaitForOnPrem = values.Or(WaitForOnPrem, TimeSpan.Zero),
                IdleAfter = values.Or(IdleAfter, TimeSpan.FromMinutes(5)),
                Budget = values.Or(BudgetField, new Budget()),
                Places = values.Places,
            },
            Mode, WaitForOnPrem, IdleAfter, BudgetField),
        "burst", "When nodes are rented and given back.");

    private static readonly Field<Policy> PolicyField = new(
        new ObjectShape<Policy>("Policy", "How the team wants to spend.",
            values => new Policy
            {
                Burst = values.Or(Burst, new BurstPolicy()),
                Consolidation = values.Or(PolicyShapes.Consolidation, new ConsolidationPolicy()),
                Places = values.Places,
            },
            Burst, PolicyShapes.Consolidation),
        "policy", "How the team wants to spend.");

    /// <summary>The name is set by the reader of the document's metadata.</summary>
    public static readonly ObjectShape<Cluster> Cluster = new("Cluster",
        "What the team owns, what it may rent, and how it wants to spend.",
        values => new Cluster
        {
            Name = "",
            Kubernetes = values.Or(Kubernetes, KubernetesDefaults),
            Overlay = values.Or(Overlay, OverlayDefaults),
            Sites = values.Or(Sites, []),
            Machines = values.Or(Machines, []),
            Pools = values.Or(Pools, []),
            Policy = values.Or(PolicyField, new Policy()),
            Names = values.Or(Names, EmptyLabels.Instance),
            Places = values.Places,
        },
        Kubernetes, Overlay, Sites, Machines, Pools, PolicyField, Names);

    private static readonly Field<string> Device = new(Scalars.Text, "device", "A device model.", Required: true);

    private static readonly Field<int> PerDevice = new(new NumberShape<int>(1, 10000, integer: true), "perDevice",
        "How many instances one device of the model holds.", Required: true);

    private static readonly Field<string> Resource = new(Scalars.ResourceName, "resource",
        "The extended resource by which pods ask for it.", Default: "`accelerators.spillway.dev/NAME`");

    private static readonly Field<IReadOnlyList<AcceleratorProvider>> Provides = new(
        new ListShape<AcceleratorProvider>(
            new ObjectShape<AcceleratorProvider>("Provides", "A device model that can hold the accelerator.",
                values => new AcceleratorProvider(DeviceModels.Canonical(values.Get(Device)), values.Get(PerDevice))
                {
                    Places = values.Places,
                },
                Device, PerDevice),
            "a list of device models"),
        "provides", "How many of it one device of each model can hold.", Required: true);

    public static readonly ObjectShape<Accelerator> Accelerator = new("Accelerator",
        "A function in hardware that pods ask for by name, whatever device it then runs on.",
        values => new Accelerator
        {
            Name = "",
            Resource = values.Or(Resource, ""),
            Provides = values.Get(Provides),
            Places = values.Places,
        },
        Resource, Provides);
}
