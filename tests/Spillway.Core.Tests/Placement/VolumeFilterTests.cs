using Spillway.Core.Placement;
using static Spillway.Core.Tests.Placement.TestPods;

namespace Spillway.Core.Tests.Placement;

public sealed class VolumeFilterTests
{
    [Fact]
    public void Missing_and_unbound_claims_hold_the_pod_before_any_node_is_looked_at()
    {
        var model = TwoZones();

        model.Refused(Using("data")).ToSchedulerMessage().ShouldBe(
            "0/2 nodes are available: persistentvolumeclaim \"data\" not found. no new claims to deallocate,"
            + " preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.");

        model.SetVolumes(Facts(Claim("data", "fast")));
        model.Refused(Using("data")).Message().ShouldBe(
            "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.");
    }

    [Fact]
    public void Bound_volume_decides_where_the_pod_runs()
    {
        var model = TwoZones();
        model.SetVolumes(Facts(Claim("data", "fast") with { VolumeName = "pv" }) with
        {
            Volumes = [Volume("pv") with { NodeTerms = InZone("b") }],
        });

        model.PlacedOn(Using("data")).ShouldBe("b");
        model.RemoveNode("b");
        model.Refused(Using("data")).Message().ShouldBe(
            "0/1 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity.");
    }

    [Fact]
    public void Claim_that_waits_takes_a_free_volume_or_a_topology_where_one_can_be_made()
    {
        var waiting = Claim("data", "local") with { RequestedBytes = 10 };
        var model = TwoZones();
        model.SetVolumes(Facts(waiting) with
        {
            Volumes = [Volume("small") with { CapacityBytes = 5 }, Volume("pv") with { NodeTerms = InZone("b") }],
        });
        model.PlacedOn(Using("data")).ShouldBe("b");

        model.SetVolumes(Facts(waiting));
        model.Refused(Using("data")).Message().ShouldBe(
            "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.");

        model.SetVolumes(Facts(waiting with { StorageClass = "zonal" }));
        model.PlacedOn(Using("data")).ShouldBe("b");
    }

    [Fact]
    public void Two_claims_do_not_share_one_volume()
    {
        var model = TwoZones();
        var facts = Facts(Claim("one", "local"), Claim("two", "local")) with { Volumes = [Volume("pv")] };
        var pod = Pod("p").Asking(ask => ask with
        {
            Volumes = [new PodVolume.Claim("one", Ephemeral: false), new PodVolume.Claim("two", Ephemeral: false)],
        });

        model.SetVolumes(facts);
        model.PlacedOn(pod).ShouldBe("");
        model.SetVolumes(facts with { Volumes = [Volume("pv"), Volume("pv2")] });
        model.PlacedOn(pod).ShouldBe("a");
    }

    [Fact]
    public void Zone_of_a_volume_keeps_pods_out_of_other_zones()
    {
        var model = TwoZones();
        model.SetVolumes(Facts(Claim("data", "fast") with { VolumeName = "pv" }) with
        {
            Volumes = [Volume("pv") with { Labels = LabelMap.Of((WellKnownLabels.Zone, "c__b")) }],
        });

        model.PlacedOn(Using("data")).ShouldBe("b");
        model.RemoveNode("b");
        model.Refused(Using("data")).Message().ShouldBe("0/1 nodes are available: 1 node(s) had no available volume zone.");
    }

    [Fact]
    public void Driver_limit_counts_each_volume_once()
    {
        var model = Model(Node("a"));
        model.SetVolumes(Facts(
            Claim("one", "fast") with { VolumeName = "v1" }, Claim("two", "fast") with { VolumeName = "v2" }) with
        {
            Volumes = [Volume("v1") with { CsiDriver = "csi" }, Volume("v2") with { CsiDriver = "csi" }],
            CsiNodes = [new CsiNodeRecord("a", [new CsiDriverLimit("csi", 1)])],
        });
        model.SetPod(Using("one", "first").On("a"));

        model.PlacedOn(Using("one")).ShouldBe("a");
        model.Refused(Using("two")).Message().ShouldBe("0/1 nodes are available: 1 node(s) exceed max volume count.");
    }

    [Fact]
    public void Claim_for_one_pod_is_used_by_one_pod()
    {
        var model = TwoZones();
        var claim = Claim("data", "fast") with { VolumeName = "pv", AccessModes = ["ReadWriteOncePod"] };
        model.SetVolumes(Facts(claim) with { Volumes = [Volume("pv")] });
        model.PlacedOn(Using("data")).ShouldBe("a");
        model.SetPod(Using("data", "first").On("a"));

        model.Refused(Using("data")).Message().ShouldBe(
            "0/2 nodes are available: 2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod"
            + " access mode.");
    }

    [Fact]
    public void Disk_is_shared_only_by_readers()
    {
        var model = Model(Node("a"));
        PodRecord Disk(string name, bool readOnly) => Pod(name).Asking(
            ask => ask with { Volumes = [new PodVolume.Disk("gce", "disk", readOnly)] });
        model.SetPod(Disk("first", readOnly: true).On("a"));

        model.PlacedOn(Disk("p", readOnly: true)).ShouldBe("a");
        model.Refused(Disk("p", readOnly: false)).Message().ShouldBe(
            "0/1 nodes are available: 1 node(s) had no available disk.");
    }

    [Fact]
    public void Objects_are_read_from_json()
    {
        var claim = VolumeReader.ReadClaim("""
            {"metadata":{"name":"data","namespace":"db"},"spec":{"accessModes":["ReadWriteOnce"],"volumeName":"pv",
             "storageClassName":"fast","resources":{"requests":{"storage":"8Gi"}}}}
            """u8);
        claim.ShouldBe(new VolumeClaimRecord
        {
            Namespace = "db", Name = "data", VolumeName = "pv", StorageClass = "fast",
            AccessModes = ["ReadWriteOnce"], RequestedBytes = 8L << 30,
        });
        var volume = VolumeReader.ReadVolume("""
            {"metadata":{"name":"pv","labels":{"a":"b"}},"spec":{"capacity":{"storage":"1Gi"},"csi":{"driver":"d"},
             "claimRef":{"namespace":"db","name":"data"},"accessModes":["ReadWriteOnce"],"nodeAffinity":{"required":
             {"nodeSelectorTerms":[{"matchExpressions":[{"key":"k","operator":"In","values":["v"]}]}]}}}}
            """u8);
        volume.ClaimRef.ShouldBe("db/data");
        volume.CsiDriver.ShouldBe("d");
        volume.NodeTerms!.ShouldHaveSingleItem().Expressions.ShouldHaveSingleItem().Values.ShouldBe(["v"]);
        var storage = VolumeReader.ReadClass("""
            {"metadata":{"name":"s"},"provisioner":"p","volumeBindingMode":"WaitForFirstConsumer",
             "allowedTopologies":[{"matchLabelExpressions":[{"key":"zone","values":["a","b"]}]}]}
            """u8);
        storage.WaitForFirstConsumer.ShouldBeTrue();
        storage.AllowedTopologies.ShouldHaveSingleItem().Expressions.ShouldHaveSingleItem().Values.ShouldBe(["a", "b"]);
        VolumeReader.ReadCsiNode("""
            {"metadata":{"name":"n"},"spec":{"drivers":[{"name":"d","allocatable":{"count":25}},{"name":"e"}]}}
            """u8).ShouldBe(new CsiNodeRecord("n", [new CsiDriverLimit("d", 25)]));
        DisruptionBudgetReader.Read("""
            {"metadata":{"name":"b"},"spec":{"selector":{"matchLabels":{"a":"b"}}},"status":{"disruptionsAllowed":2}}
            """u8).ShouldBe(new DisruptionBudgetRecord("default", "b", LabelSelector.ForLabels(("a", "b")), 2));
    }

    private static PlacementModel TwoZones() => Model(Node("a").Zone("a"), Node("b").Zone("b"));

    private static PodRecord Using(string claim, string name = "p") => Pod(name).Asking(
        ask => ask with { Volumes = [new PodVolume.Claim(claim, Ephemeral: false)] });

    private static VolumeClaimRecord Claim(string name, string storageClass) =>
        new() { Namespace = "default", Name = name, StorageClass = storageClass };

    private static PersistentVolumeRecord Volume(string name) =>
        new() { Name = name, StorageClass = "local", CapacityBytes = 100 };

    private static ValueList<NodeSelectorTerm> InZone(string zone) =>
        [new NodeSelectorTerm([new LabelRequirement(WellKnownLabels.Zone, SelectorOperator.In, [zone])], [])];

    private static VolumeFacts Facts(params VolumeClaimRecord[] claims) => new()
    {
        Claims = claims,
        Classes =
        [
            new StorageClassRecord { Name = "fast", Provisioner = "csi" },
            new StorageClassRecord
            {
                Name = "local", Provisioner = "kubernetes.io/no-provisioner", WaitForFirstConsumer = true,
            },
            new StorageClassRecord
            {
                Name = "zonal", Provisioner = "csi", WaitForFirstConsumer = true, AllowedTopologies = InZone("b"),
            },
        ],
    };
}
