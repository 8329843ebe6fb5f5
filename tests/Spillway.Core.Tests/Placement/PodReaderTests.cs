using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.Core.Placement;
using Spillway.Core.Quantities;

namespace Spillway.Core.Tests.Placement;

public sealed class PodReaderTests
{
    private const string EverythingJson = """
        {"status":{"phase":"Running","nominatedNodeName":"n2","startTime":"2026-01-01T00:00:00Z"},
         "spec":{"nodeName":"n1","priority":7,"preemptionPolicy":"Never","schedulerName":"s","hostNetwork":true,
          "schedulingGates":[{"name":"g"}],"nodeSelector":{"a":"b"},
          "tolerations":[{"key":"k","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},
           {"key":"e","value":"v"}],
          "volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"c"}},
           {"name":"e","ephemeral":{"volumeClaimTemplate":{}}},
           {"name":"x","configMap":{"name":"m"}},
           {"name":"d","awsElasticBlockStore":{"volumeID":"vol-1","readOnly":true}}],
          "containers":[{"name":"c","ports":[{"containerPort":80},
           {"containerPort":81,"hostPort":8081,"hostIP":"10.0.0.1","protocol":"UDP"}]}],
          "topologySpreadConstraints":[{"maxSkew":2,"topologyKey":"z","whenUnsatisfiable":"DoNotSchedule",
           "minDomains":3,
           "labelSelector":{"matchLabels":{"app":"x"}},"matchLabelKeys":["rev","absent"],"nodeTaintsPolicy":"Honor"}],
          "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
            {"matchFields":[{"key":"metadata.name","operator":"In","values":["n1"]}]}]},
            "preferredDuringSchedulingIgnoredDuringExecution":[
             {"weight":5,"preference":{"matchExpressions":[{"key":"q","operator":"Gt","values":["3"]}]}}]},
           "podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[
            {"topologyKey":"h","labelSelector":{},
            "namespaceSelector":{},"mismatchLabelKeys":["rev"]}],
            "preferredDuringSchedulingIgnoredDuringExecution":[
             {"weight":9,"podAffinityTerm":{"topologyKey":"h"}}]}}},
         "metadata":{"name":"p","namespace":"ns","uid":"u","labels":{"rev":"1"},
          "deletionTimestamp":"2026-01-01T00:00:00Z",
          "creationTimestamp":"2025-01-01T00:00:00Z",
          "ownerReferences":[{"kind":"X","name":"y","uid":"z"},
           {"kind":"Job","name":"j","uid":"k","controller":true}]}}
        """;

    public static TheoryData<string, string, string> Requests => new()
    {
        { "sum of containers", """{"containers":[{"resources":{"requests":{"cpu":"1","memory":"1Gi"}}},{"resources":{"requests":{"cpu":"500m"}}}]}""", "cpu: 1500m, memory: 1Gi" },
        { "init container in its own right", """{"initContainers":[{"resources":{"requests":{"cpu":"3"}}}],"containers":[{"resources":{"requests":{"cpu":"1","memory":"1Gi"}}}]}""", "cpu: 3, memory: 1Gi" },
        { "sidecar adds to both", """{"initContainers":[{"restartPolicy":"Always","resources":{"requests":{"cpu":"1"}}},{"resources":{"requests":{"cpu":"3"}}}],"containers":[{"resources":{"requests":{"cpu":"2"}}}]}""", "cpu: 4" },
        { "sidecar after the init container", """{"initContainers":[{"resources":{"requests":{"cpu":"3"}}},{"restartPolicy":"Always","resources":{"requests":{"cpu":"1"}}}],"containers":[{"resources":{"requests":{"cpu":"1"}}}]}""", "cpu: 3" },
        { "overhead", """{"overhead":{"cpu":"250m"},"containers":[{"resources":{"requests":{"cpu":"1"}}}]}""", "cpu: 1250m" },
        { "pod-level resources", """{"resources":{"requests":{"cpu":"4"}},"containers":[{"resources":{"requests":{"cpu":"1","memory":"1Gi"}}}]}""", "cpu: 4, memory: 1Gi" },
        { "limits stand in", """{"containers":[{"resources":{"limits":{"nvidia.com/gpu":2,"cpu":"1"},"requests":{"cpu":"500m"}}}]}""", "cpu: 500m, nvidia.com/gpu: 2" },
        { "odd quantities", """{"containers":[{"resources":{"requests":{"cpu":"0.1","memory":"1e3","example.com/x":"1.5"}}}]}""", "cpu: 100m, example.com/x: 2, memory: 1000" },
        { "zero is nothing", """{"containers":[{"resources":{"requests":{"cpu":"0"}}}]}""", "" },
    };

    [Theory, MemberData(nameof(Requests))]
    public void Effective_requests_are_the_schedulers(string why, string spec, string expected) =>
        Read("""{"metadata":{"name":"p"},"spec":""" + spec + "}").Requirements.Requests.ToString().ShouldBe(expected, why);

    [Theory]
    [InlineData("", "cpu: 2")]
    [InlineData(""","conditions":[{"type":"PodResizePending","status":"True","reason":"Deferred"}]""", "cpu: 2")]
    [InlineData(""","conditions":[{"type":"PodResizePending","status":"True","reason":"Infeasible"}]""", "cpu: 1")]
    public void Resize_holds_the_larger_until_it_is_impossible(string conditions, string expected) => Read(
        """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"2"}}}]},"""
        + """ "status":{"containerStatuses":[{"name":"c","allocatedResources":{"cpu":"1"}}]""" + conditions + "}}")
        .Requirements.Requests.ToString().ShouldBe(expected);

    [Fact]
    public void Scoring_counts_containers_without_requests()
    {
        var asks = Read("""
            {"metadata":{"name":"p"},
             "spec":{"containers":[{"name":"a"},{"name":"b","resources":{"requests":{"cpu":"1"}}}]}}
            """).Requirements;

        asks.ScoringCpuMillis.ShouldBe(1100);
        asks.ScoringMemoryBytes.ShouldBe(400L << 20);
        asks.Requests.ToString().ShouldBe("cpu: 1");
    }

    [Fact]
    public void Everything_placement_looks_at_is_read()
    {
        var pod = Read(EverythingJson);

        var asks = pod.Requirements;
        (pod.Key, pod.Uid, pod.NodeName, pod.NominatedNode, pod.Phase, pod.Terminating).ShouldBe(
            (new PodKey("ns", "p"), "u", "n1", "n2", PodPhase.Running, true));
        pod.Controller.ShouldBe(new PodController("Job", "j", "k"));
        pod.CreatedAt.Year.ShouldBe(2025);
        pod.StartedAt!.Value.Year.ShouldBe(2026);
        (asks.Priority, asks.MayPreempt, asks.SchedulerName).ShouldBe((7, false, "s"));
        asks.SchedulingGates.ShouldBe(["g"]);
        asks.Tolerations.ShouldBe(
        [
            new Toleration("k", TolerationOperator.Exists, "", TaintEffect.NoExecute),
            new Toleration("e", TolerationOperator.Equal, "v", null),
        ]);
        asks.Volumes.ShouldBe(
        [
            new PodVolume.Claim("c", Ephemeral: false), new PodVolume.Claim("p-e", Ephemeral: true),
            new PodVolume.Disk("aws", "vol-1", ReadOnly: false),
        ]);
        asks.HostPorts.ShouldBe([new HostPort(80, "TCP", ""), new HostPort(8081, "UDP", "10.0.0.1")]);
        var spread = asks.Spread.ShouldHaveSingleItem();
        (spread.MaxSkew, spread.MinDomains, spread.Hard).ShouldBe((2, 3, true));
        spread.NodeTaintsPolicy.ShouldBe(SpreadPolicy.Honor);
        spread.Selector.ShouldBe(LabelSelector.ForLabels(("app", "x"), ("rev", "1")));
        asks.NodeTerms!.ShouldHaveSingleItem().Fields.ShouldHaveSingleItem().Key.ShouldBe("metadata.name");
        asks.PreferredNodeTerms.ShouldHaveSingleItem().Weight.ShouldBe(5);
        var anti = asks.AntiAffinity.ShouldHaveSingleItem();
        anti.Namespaces.ShouldBeEmpty();
        anti.Selector.Requirements.ShouldBe([new LabelRequirement("rev", SelectorOperator.NotIn, ["1"])]);
        asks.PreferredAntiAffinity.ShouldHaveSingleItem().Term.Selector.ShouldBe(LabelSelector.Nothing);
        asks.PreferredAntiAffinity[0].Term.Namespaces.ShouldBe(["ns"]);
    }

    [Fact]
    public void All_three_representations_read_alike()
    {
        const string Json = """{"metadata":{"name":"p","labels":{"ä":"\u00fc"}},"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":2}}}]}}""";
        using var document = JsonDocument.Parse(Json);

        PodReader.Read(document.RootElement).ShouldBe(Read(Json));
        PodReader.Read(JsonNode.Parse(Json)!).ShouldBe(Read(Json));
        Read(Json).Labels["ä"].ShouldBe("ü");
    }

    [Theory]
    [InlineData("""{"spec":{"containers":[{"resources":{"requests":{"cpu":"many"}}}]}}""", "'many' is not a quantity of cpu")]
    [InlineData("""{"spec":{"tolerations":[{"effect":"Never"}]}}""", "'Never' is not a taint effect")]
    [InlineData("""{"spec":{"tolerations":[{"operator":"Like"}]}}""", "'Like' is not an operator of a toleration")]
    public void Wrong_values_are_named(string json, string message) =>
        Should.Throw<FormatException>(() => Read(json)).Message.ShouldContain(message);

    [Theory]
    [InlineData("""{"metadata":[]}""")]
    [InlineData("""{"spec":{"priority":"high"}}""")]
    [InlineData("[]")]
    [InlineData("{")]
    public void Wrong_shapes_are_json_errors(string json) => Should.Throw<JsonException>(() => Read(json));

    [Fact]
    public void Nodes_are_read()
    {
        var node = NodeReader.Read("""
            {"metadata":{"name":"n","labels":{"spillway.dev/pool":"f1"},"creationTimestamp":"2026-01-01T00:00:00Z"},
             "spec":{"unschedulable":true,"providerID":"aws://x",
              "taints":[{"key":"k","value":"v","effect":"NoExecute"}]},
             "status":{"capacity":{"cpu":"4","pods":"110","nvidia.com/gpu":"0"},
              "conditions":[{"type":"Ready","status":"Unknown"}]}}
            """u8);

        (node.Name, node.ProviderId).ShouldBe(("n", "aws://x"));
        (node.Unschedulable, node.Ready, node.IsRented).ShouldBe((true, false, true));
        node.Taints.ShouldBe([new Taint("k", "v", TaintEffect.NoExecute)]);
        node.Allocatable.ShouldBe(node.Capacity);
        node.Allocatable["cpu"].ShouldBe(4000);
    }

    private static PodRecord Read(string json) => PodReader.Read(Encoding.UTF8.GetBytes(json));
}
