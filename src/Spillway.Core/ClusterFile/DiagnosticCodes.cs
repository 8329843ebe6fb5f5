namespace Spillway.Core.ClusterFile;

/// <summary>One row of docs/reference/diagnostics.md.</summary>
public sealed record DiagnosticRule(string Code, string Title, string WayOut);

/// <summary>
/// Every code a file can be answered with. 10xx: the bytes and the YAML; 11xx: keys and values; 12xx: what the values
/// mean together. A code is never reused for something else.
/// </summary>
public static class DiagnosticCodes
{
    public const string TooLarge = "SW1001";
    public const string NotUtf8 = "SW1002";
    public const string Syntax = "SW1003";
    public const string Tab = "SW1004";
    public const string DuplicateKey = "SW1005";
    public const string TooDeep = "SW1006";
    public const string TooManyAliases = "SW1007";
    public const string BadAlias = "SW1008";
    public const string KeyNotText = "SW1009";
    public const string NotADocument = "SW1010";
    public const string UnknownVersion = "SW1011";
    public const string UnknownKind = "SW1012";
    public const string NoCluster = "SW1013";
    public const string SecondCluster = "SW1014";
    public const string NotUsedYet = "SW1015";
    public const string NothingToVary = "SW1016";
    public const string More = "SW1099";

    public const string UnknownKey = "SW1101";
    public const string MissingKey = "SW1102";
    public const string WrongType = "SW1103";
    public const string NotAChoice = "SW1104";
    public const string Malformed = "SW1105";
    public const string OutOfRange = "SW1106";
    public const string NotExactlyOne = "SW1107";

    public const string DuplicateName = "SW1201";
    public const string MinAboveMax = "SW1202";
    public const string PriceNotPositive = "SW1203";
    public const string RangesOverlap = "SW1204";
    public const string PublicRange = "SW1205";
    public const string RangeTooSmall = "SW1206";
    public const string UnknownDevice = "SW1207";
    public const string UnknownInstanceType = "SW1208";
    public const string UnknownRegion = "SW1209";
    public const string NothingToLaunch = "SW1210";
    public const string NoPrice = "SW1211";
    public const string DevicesDiffer = "SW1212";
    public const string MixedCurrencies = "SW1213";
    public const string ReservedLabel = "SW1214";
    public const string NoWayIn = "SW1215";
    public const string AddressMisplaced = "SW1216";
    public const string UnusableAccelerator = "SW1217";
    public const string ZoneElsewhere = "SW1218";
    public const string NoCapacity = "SW1219";
    public const string BudgetTooSmall = "SW1220";
    public const string NothingCanRun = "SW1221";
    public const string NoControlPlane = "SW1222";
    public const string UnusedSetting = "SW1223";
    public const string HubUnreachable = "SW1224";
    public const string NoWay = "SW1225";
    public const string AllowedIpsOverlap = "SW1226";
    public const string NativeWithoutRanges = "SW1227";
    public const string BadGateway = "SW1228";
    public const string NoKeepalive = "SW1229";
    public const string UnknownMachine = "SW1230";
    public const string NoReservedCpus = "SW1231";

    public const string TunnelFileRefused = "SW1301";
    public const string TunnelFileFails = "SW1302";
    public const string TunnelFileSurprise = "SW1303";
    public const string SavesConfig = "SW1304";
    public const string KeysDiffer = "SW1305";
    public const string NotAdopted = "SW1306";

    public static IReadOnlyList<DiagnosticRule> All { get; } =
    [
        new(TooLarge, "The file is larger than 16 MiB",
            "Split it, or generate the workload and apply it with kubectl."),
        new(NotUtf8, "The file is not UTF-8 text", "Save it as UTF-8; the message names the byte."),
        new(Syntax, "The document is not YAML", "Look at the place and just before it: indentation, quotes, brackets."),
        new(Tab, "A tab indents a line", "Indent with spaces."),
        new(DuplicateKey, "A key is given twice in one mapping", "Keep one; the message has both places."),
        new(TooDeep, "Values are nested too deep",
            "No Kubernetes object nests 100 deep: look for a runaway generator."),
        new(TooManyAliases, "Aliases multiply to too many values",
            "Write the values out, or use fewer aliases of aliases."),
        new(BadAlias, "An alias or merge key stands for nothing usable",
            "Anchors come before their aliases, in the same document; merge keys take mappings."),
        new(KeyNotText, "A key is not text", "Keys are plain words: no lists or mappings."),
        new(NotADocument, "The document has no apiVersion, kind or name",
            "Begin it with apiVersion, kind and metadata.name."),
        new(UnknownVersion, "A spillway.dev version that does not exist", "Write apiVersion: spillway.dev/v1."),
        new(UnknownKind, "A spillway.dev kind that does not exist",
            "Cluster, Accelerator, Workspace, App, Filler, Benchmark or ClusterTemplate."),
        new(NoCluster, "There is no Cluster document", "One document of the folder has kind: Cluster."),
        new(SecondCluster, "There is more than one Cluster document", "Put each cluster in a folder of its own."),
        new(NotUsedYet, "The kind, cloud or distribution (`existing`) is accepted, but nothing acts on it in this version",
            "Nothing to do: it is kept as written. Use distribution embedded and simulated clouds to run things now."),
        new(NothingToVary, "A variation points at nothing that is in the file",
            "Write the keys and the names of items as they are in the file: pools.NAME.max=5, machines.+NAME=2."),
        new(More, "There are more problems than are shown", "Repair the first ones and check again."),

        new(UnknownKey, "The key does not exist here",
            "Look for the spelling and the indentation; the message suggests."),
        new(MissingKey, "A required key is missing", "Add it."),
        new(WrongType, "A list, mapping or single value stands where another is needed",
            "Compare with docs/reference/cluster-file.md."),
        new(NotAChoice, "The value is none of those allowed", "Use one of the values in the message."),
        new(Malformed, "The value cannot be read, often for its unit",
            "Durations need a unit (90s), money a currency (50 USD), prices /h, power W, memory Gi."),
        new(OutOfRange, "The number is out of range", "Use a number in the range of the message."),
        new(NotExactlyOne, "Exactly one of several keys is needed", "Keep one of them."),

        new(DuplicateName, "Two of a kind have one name", "Rename one; the message has both places."),
        new(MinAboveMax, "A pool's min is above its max", "Raise max or lower min."),
        new(PriceNotPositive, "A price is zero or negative",
            "Say the real price, or leave the key out: decisions divide by prices."),
        new(RangesOverlap, "Two address ranges overlap",
            "Give the overlay, pods, services and sites ranges that share no address."),
        new(PublicRange, "A range belongs to the public internet",
            "Use 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10: real hosts there become unreachable."),
        new(RangeTooSmall, "The range has too few addresses", "Use a shorter prefix."),
        new(UnknownDevice, "The device model is not known", "Use a known model, or say its resource: vendor/name."),
        new(UnknownInstanceType, "The instance type is not in the price table of the region",
            "Check the name, or give capacity and price in the pool."),
        new(UnknownRegion, "The region is not in the price table",
            "Check the name, or give capacity and price in the pool."),
        new(NothingToLaunch, "The pool has nothing to launch", "Give it instanceTypes, or a capacity and a price."),
        new(NoPrice, "Nothing says what a node of the pool costs", "Give the pool a price, or another way to buy."),
        new(DevicesDiffer, "The pool's devices are not those of its instance type",
            "Correct one of the two; nodes will report what the file says."),
        new(MixedCurrencies, "Amounts are in different currencies",
            "Use one currency in the file; the price table is in USD."),
        new(ReservedLabel, "The label is set by Spillway or Kubernetes itself", "Use another key."),
        new(NoWayIn, "A machine of a real cluster cannot be reached", "Give it ssh: user@host."),
        new(AddressMisplaced, "An address lies in the wrong range", "Correct the address or the range."),
        new(UnusableAccelerator, "No machine or pool has a device that can hold the accelerator",
            "Add a device to a pool, or a model to provides."),
        new(ZoneElsewhere, "The zone is not in the pool's region", "Zones begin with their region: us-east-1a."),
        new(NoCapacity, "The machine's size is not known", "Give capacity: {cpu: …, memory: …}."),
        new(BudgetTooSmall, "The budget does not pay for one node of any pool",
            "Raise the budget or use smaller nodes."),
        new(NothingCanRun, "No machine or pool could run a job",
            "Add a worker or a pool, or taints: [] on a control plane that is to run jobs."),
        new(NoControlPlane, "A real cluster has no control plane", "Give one machine role: control-plane."),
        new(UnusedSetting, "The setting has no effect as things are",
            "Remove it, or change what makes it ineffective."),
        new(HubUnreachable, "Machines cannot reach the hub of the overlay",
            "Give the hub an address that is public, or host:port that its router forwards."),
        new(NoWay, "Two machines have no way to each other",
            "Give one machine that all can call a public address, or machines of one site their addresses there."),
        new(AllowedIpsOverlap, "Two peers of a tunnel claim the same addresses",
            "Give them ranges that share no address: WireGuard sends each address to the peer configured last."),
        new(NativeWithoutRanges, "Pods are routed natively through a tunnel that does not know their addresses",
            "Give every machine a podCidr, or use routing: tunnel."),
        new(BadGateway, "A site's gateway cannot carry the site",
            "Name a machine of the site, give the site its cidr and the machines their local addresses."),
        new(NoKeepalive, "Machines behind NAT send no keepalive", "Use keepalive: 21s."),
        new(UnknownMachine, "A name points to a machine that is not in the file",
            "Name a machine of the file, or an address."),
        new(NoReservedCpus, "Exclusive CPUs without CPUs for the system",
            "Say reservedCpus: the kubelet refuses to start without."),

        new(TunnelFileRefused, "wg or wg-quick refuses the line",
            "Write it as wg(8) and wg-quick(8) say; the message has what is wrong."),
        new(TunnelFileFails, "wg-quick takes the line, and bringing the interface up fails",
            "Correct the value; the message has what is wrong."),
        new(TunnelFileSurprise, "wg takes the line and does something else than it seems to say",
            "Write what is meant; the message has what wg does."),
        new(SavesConfig, "SaveConfig rewrites the file when the interface goes down",
            "Remove it: edits made while the interface is up, comments and host names get lost."),
        new(KeysDiffer, "A file's private key is not the one its peers know",
            "Put the output of wg pubkey into the peer's section."),
        new(NotAdopted, "Something of a tunnel file has no place in a cluster file",
            "Keep it by hand where it is needed; the message says what it is."),
    ];
}
