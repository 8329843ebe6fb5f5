using System.Net;
using Spillway.Core.Accelerators;
using Spillway.Core.Costs;
using Spillway.Core.Overlay.WireGuard;
using Spillway.Core.Quantities;

namespace Spillway.Core.ClusterFile.Shapes;

internal static class CommonShapes
{
    public static readonly Shape<IReadOnlyDictionary<string, string>> Labels =
        new MapShape<string, IReadOnlyDictionary<string, string>>(
            "labels", Scalars.LabelValue, Scalars.CheckLabelKey, entries => entries);

    public static readonly Shape<ResourceList> Resources =
        new MapShape<Quantity, ResourceList>(
            "amounts by resource", Scalars.Quantity, Scalars.CheckResourceKey, entries => new ResourceList(entries));

    private static readonly Field<string> TaintKey = new(Scalars.Text, "key", "The taint's key.", Required: true);
    private static readonly Field<string> TaintValue = new(Scalars.LabelValue, "value", "The taint's value.");
    private static readonly Field<TaintEffect> TaintEffectField = new(
        new ChoiceShape<TaintEffect>(
            ("NoSchedule", TaintEffect.NoSchedule),
            ("PreferNoSchedule", TaintEffect.PreferNoSchedule),
            ("NoExecute", TaintEffect.NoExecute)),
        "effect", "What happens to pods that do not tolerate it.", Required: true);

    public static readonly Shape<IReadOnlyList<Taint>> Taints = new ListShape<Taint>(
        new EitherShape<Taint>(Scalars.Taint, new ObjectShape<Taint>("Taint",
            "A taint in Kubernetes' own form; `key=value:NoSchedule` says the same.",
            values => new Taint(values.Get(TaintKey), values.Or(TaintValue, ""), values.Get(TaintEffectField)),
            TaintKey, TaintValue, TaintEffectField)),
        "a list of taints");

    private static readonly Field<string> Model = new(Scalars.Text, "model",
        "The device's model, such as `xilinx-u250` or `nvidia-a10g`.", Required: true);

    private static readonly Field<int> Count = new(new NumberShape<int>(1, 1024, integer: true), "count",
        "How many of them.", Default: "1");

    private static readonly Field<string> Resource = new(Scalars.ResourceName, "resource",
        "The extended resource its device plugin advertises; needed for models that Spillway does not know.");

    public static readonly Shape<IReadOnlyList<DeviceClaim>> Devices = new ListShape<DeviceClaim>(
        new ObjectShape<DeviceClaim>("Device", "Devices of one model.",
            values => new DeviceClaim(
                DeviceModels.Canonical(values.Get(Model)), values.Or(Count, 1), values.Maybe(Resource))
            {
                Places = values.Places,
            },
            Model, Count, Resource),
        "a list of devices");
}

internal static class MachineShapes
{
    private static readonly Field<string> Name = new(Scalars.Name, "name", "The node's name.", Required: true);

    private static readonly Field<MachineRole> Role = new(
        new ChoiceShape<MachineRole>(("worker", MachineRole.Worker), ("control-plane", MachineRole.ControlPlane)),
        "role", "What the machine is for. A control plane takes no jobs unless `taints: []` says so.", Default: "worker");

    private static readonly Field<string> SiteName = new(Scalars.LabelName, "site",
        "Where it stands; machines of one site share a local network.", Default: Machine.DefaultSite);

    private static readonly Field<Endpoint> Address = new(Scalars.Endpoint, "address",
        "Public or site address, where other machines reach it.");

    private static readonly Field<IPAddress> OverlayAddress = new(Scalars.Address, "overlayAddress",
        "Its address inside the overlay.", Default: "chosen, and kept");

    private static readonly Field<SshTarget> Ssh = new(Scalars.Ssh, "ssh",
        "How `up` reaches it: `user@host[:port]`. Not needed on the embedded distribution.");

    private static readonly Field<WireGuardKey> PublicKey = new(Scalars.WireGuardKey, "publicKey",
        "Its WireGuard public key, once it has made its key pair. Private keys never go into the file.");

    private static readonly Field<string> Interface = new(Scalars.InterfaceName, "interface",
        "Its network card, where its traffic does not leave by a tunnel of its own.", Default: "eth0");

    private static readonly Field<int> Mtu = new(new NumberShape<int>(1280, 65535, integer: true), "mtu",
        "Largest packet its network card sends, in bytes.", Default: "1500");

    private static readonly Field<Cidr> PodCidr = new(Scalars.Cidr, "podCidr",
        "Addresses of its pods, a part of the cluster's `podCidr`; needed with `routing: native`.",
        Default: "given out by the cluster");

    private static readonly Field<OsFamily> Os = new(
        new ChoiceShape<OsFamily>(("debian", OsFamily.Debian), ("ubuntu", OsFamily.Ubuntu), ("rhel", OsFamily.Rhel)),
        "os", "Its system's family; `rhel` stands for Alma, Rocky, Fedora and CentOS Stream too.", Default: "debian");

    private static readonly Field<string> Arch = new(
        new ChoiceShape<string>(("amd64", "amd64"), ("arm64", "arm64")), "arch", "Processor architecture.",
        Default: "amd64");

    private static readonly Field<ResourceList> Capacity = new(CommonShapes.Resources, "capacity",
        "What the node offers besides devices: `cpu`, `memory`, `ephemeral-storage`, `pods`.",
        Default: "110 pods, 100Gi of disk");

    private static readonly Field<IReadOnlyList<DeviceClaim>> Devices = new(CommonShapes.Devices, "devices",
        "Its accelerator cards.");

    private static readonly Field<IReadOnlyDictionary<string, string>> Labels = new(CommonShapes.Labels, "labels",
        "Labels of its node.");

    private static readonly Field<IReadOnlyList<Taint>> Taints = new(CommonShapes.Taints, "taints",
        "Taints of its node.", Default: "`node-role.kubernetes.io/control-plane:NoSchedule` on a control plane, else none");

    private static readonly Field<bool> Smt = new(new BooleanShape("on", "off"), "smt",
        "`off` takes sibling threads offline before the kubelet starts; `capacity` counts what is left.", Default: "on");

    private static readonly Field<bool> ExclusiveCpus = new(new BooleanShape("on", "off"), "exclusiveCpus",
        "`on` gives pods that ask for whole CPUs those CPUs for themselves (static CPU manager).", Default: "off");

    private static readonly Field<string> ReservedCpus = new(Scalars.CpuList, "reservedCpus",
        "CPUs kept for the system, such as `0-1`; needed with `exclusiveCpus`.");

    private static readonly Field<Money> Purchase = new(Scalars.PositiveMoney, "purchase", "What it cost to buy.");

    private static readonly Field<TimeSpan> Lifetime = new(Scalars.PositiveDuration, "lifetime",
        "Over how long the purchase is written off, in a straight line.", Default: "4y");

    private static readonly Field<Power> PowerField = new(Scalars.Power, "power", "Power drawn under load.");

    private static readonly Field<Power> IdlePower = new(Scalars.Power, "idlePower", "Power drawn while idle.",
        Default: "the same as `power`");

    private static readonly Field<ElectricityPrice> Electricity = new(Scalars.ElectricityPrice, "electricity",
        "What a kilowatt-hour costs.");

    private static readonly Field<MonthlyPrice> Monthly = new(Scalars.MonthlyPrice, "monthly",
        "Rent or hosting per month of 730 hours.");

    private static readonly Field<HourlyPrice> Hourly = new(Scalars.HourlyPrice, "hourly", "A flat price per hour.");

    private static readonly Field<MachineCost> Cost = new(
        new ObjectShape<MachineCost>("MachineCost", "What owning the machine costs; the parts add up.", BuildCost,
            Purchase, Lifetime, PowerField, IdlePower, Electricity, Monthly, Hourly),
        "cost", "What it costs, to compare with renting.", Default: "nothing");

    private static readonly Field<string> SiteOwnName = new(Scalars.LabelName, "name", "The site's name.",
        Required: true);

    private static readonly Field<Cidr> SiteCidr = new(Scalars.Cidr, "cidr", "Its local network.");

    private static readonly Field<int> SiteMtu = new(new NumberShape<int>(1280, 65535, integer: true), "mtu",
        "Largest packet its line to the internet carries, in bytes: 1492 on PPPoE.", Default: "1500");

    private static readonly Field<string> Gateway = new(Scalars.Name, "gateway",
        "The machine whose tunnel carries the whole site; the site's other machines then need none of their own.");

    public static readonly Shape<IReadOnlyList<Machine>> Machines = new ListShape<Machine>(
        new ObjectShape<Machine>("Machine", "A machine that the team owns.", Build,
            Name, Role, SiteName, Address, OverlayAddress, Ssh, PublicKey, Interface, Mtu, PodCidr, Os, Arch, Capacity,
            Devices, Labels, Taints, Smt, ExclusiveCpus, ReservedCpus, Cost),
        "a list of machines");

    public static readonly Shape<IReadOnlyList<Site>> Sites = new ListShape<Site>(
        new ObjectShape<Site>("Site", "A place whose machines share a local network.",
            values => new Site
            {
                Name = values.Get(SiteOwnName),
                Cidr = values.Maybe(SiteCidr),
                Mtu = values.MaybeValue(SiteMtu),
                Gateway = values.Maybe(Gateway),
                Places = values.Places,
            },
            SiteOwnName, SiteCidr, SiteMtu, Gateway),
        "a list of sites");

    private static Machine Build(FieldValues values) => new()
    {
        Name = values.Get(Name),
        Role = values.Or(Role, MachineRole.Worker),
        Site = values.Or(SiteName, Machine.DefaultSite),
        Address = values.Maybe(Address),
        OverlayAddress = values.Maybe(OverlayAddress),
        Ssh = values.Maybe(Ssh),
        PublicKey = values.Maybe(PublicKey),
        Interface = values.Or(Interface, "eth0"),
        Mtu = values.Or(Mtu, 1500),
        PodCidr = values.Maybe(PodCidr),
        Os = values.Or(Os, OsFamily.Debian),
        Arch = values.Or(Arch, "amd64"),
        Capacity = values.Or(Capacity, ResourceList.Empty),
        Devices = values.Or(Devices, []),
        Labels = values.Or(Labels, EmptyLabels.Instance),
        Taints = values.Maybe(Taints),
        Smt = values.Or(Smt, true),
        ExclusiveCpus = values.Or(ExclusiveCpus, false),
        ReservedCpus = values.Maybe(ReservedCpus),
        Cost = values.Maybe(Cost),
        Places = values.Places,
    };

    private static MachineCost BuildCost(FieldValues values) => new()
    {
        Purchase = values.MaybeValue(Purchase),
        Lifetime = values.Or(Lifetime, new MachineCost().Lifetime),
        Power = values.MaybeValue(PowerField),
        IdlePower = values.MaybeValue(IdlePower),
        Electricity = values.MaybeValue(Electricity),
        Monthly = values.MaybeValue(Monthly),
        Hourly = values.MaybeValue(Hourly),
        Places = values.Places,
    };
}
