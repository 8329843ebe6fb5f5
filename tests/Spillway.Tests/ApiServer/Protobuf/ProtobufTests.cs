using System.Text;
using System.Text.Json.Nodes;
using Spillway.ApiServer;
using Spillway.ApiServer.Http;
using Spillway.ApiServer.Http.Protobuf;
using Spillway.ApiServer.Registry;
using Spillway.ApiServer.Schema;
using Spillway.Tests.ApiServer.Transcripts;
using Xunit;

namespace Spillway.Tests.ApiServer.Protobuf;

public sealed class ProtobufTests
{
    // What a real server answered to a custom resource asked for in protobuf only.
    private const string RecordedStatus =
        "azhzAAoMCgJ2MRIGU3RhdHVzEpkBCgYKABIAGgASB0ZhaWx1cmUadG9ubHkgdGhlIGZvbGxvd2luZyBtZWRpYSB0eXBlcyBhcmUgYWNjZXB0ZWQ6IGFwcGxp"
        + "Y2F0aW9uL2pzb24sIGFwcGxpY2F0aW9uL3lhbWwsIGFwcGxpY2F0aW9uL3ZuZC5rdWJlcm5ldGVzLnByb3RvYnVmIg1Ob3RBY2NlcHRhYmxlMJYDGgAiAA==";

    private const string Claim = """
        {"kind":"ResourceClaim","apiVersion":"resource.k8s.io/v1","spec":{"devices":{"requests":[{"name":"a","exactly":{"count":2,
        "selectors":[{"cel":{"expression":"true"}}]}}],"config":[{"opaque":{"driver":"d","parameters":{"a":[1]}},"requests":["a"]}]}}}
        """;

    private const string Definition = """
        {"kind":"CustomResourceDefinition","apiVersion":"apiextensions.k8s.io/v1","spec":{"versions":[{"name":"v1","schema":
        {"openAPIV3Schema":{"$ref":"a","x-kubernetes-int-or-string":true,"properties":{"p":{"items":{"type":"string"},"default":[1,"a"],
        "maximum":1.5},"q":{"additionalProperties":false},"r":{"additionalProperties":{"type":"string"},"enum":["a",1,{"b":2}]}},
        "dependencies":{"a":["b"]}}}}]}}
        """;

    // Alpha fields younger than the table: eng/protobuf-fields/newer.txt takes them in when their numbers are known.
    private static readonly HashSet<string> s_newer = new(StringComparer.Ordinal)
    {
        "io.k8s.api.core.v1.Container.restartPolicyRules", "io.k8s.api.core.v1.EnvVarSource.fileKeyRef",
        "io.k8s.api.core.v1.EphemeralContainer.restartPolicyRules", "io.k8s.api.core.v1.NodeStatus.declaredFeatures",
        "io.k8s.api.core.v1.PodSpec.schedulingGroup", "io.k8s.api.core.v1.PodStatus.extendedResourceClaimStatus",
        "io.k8s.api.core.v1.PodStatus.nodeAllocatableResourceClaimStatuses",
        "io.k8s.api.core.v1.ResourceHealth.message", "io.k8s.api.core.v1.VolumeMountStatus.volumeStatus",
        "io.k8s.api.core.v1.VolumeProjection.podCertificate", "io.k8s.api.storage.v1.CSIDriverSpec.preventPodSchedulingIfMissing",
        "io.k8s.api.storage.v1.CSIDriverSpec.serviceAccountTokenInSecrets",
        "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta.shardInfo", "io.k8s.api.resource.v1.Device.nodeAllocatableResourceMappings",
        "io.k8s.api.resource.v1.DeviceAttribute.bools", "io.k8s.api.resource.v1.DeviceAttribute.ints",
        "io.k8s.api.resource.v1.DeviceAttribute.strings", "io.k8s.api.resource.v1.DeviceAttribute.versions",
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionCondition.observedGeneration",
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus.observedGeneration",
    };

    [Fact]
    public void A_real_servers_refusal_is_read()
    {
        var status = ProtobufBody.Read(Convert.FromBase64String(RecordedStatus));

        Assert.Equal("Status", (string?)status["kind"]);
        Assert.Equal("NotAcceptable", (string?)status["reason"]);
        Assert.Equal(406, (long)status["code"]!);
    }

    [Fact]
    public void Bytes_are_those_of_the_wire_format()
    {
        var written = Written("""{"kind":"Binding","apiVersion":"v1","metadata":{"name":"a"},"target":{"kind":"Node","name":"n"}}""");

        Assert.Equal("6b387300" + "0a0d" + "0a027631" + "120742696e64696e67"
            + "1210" + "0a030a0161" + "1209" + "0a044e6f6465" + "1a016e" + "1a002200",
                Convert.ToHexStringLower(written));
    }

    [Fact]
    public void A_broken_body_is_refused_with_400()
    {
        var whole = Written("""{"kind":"Binding","apiVersion":"v1","metadata":{"name":"a"},"target":{"kind":"Node","name":"n"}}""");

        foreach (var body in (byte[][])[[], [1, 2, 3, 4, 5], whole[..^5], [.. whole[..4], 0x0f, 0x01]])
            Assert.Equal(400, Assert.Throws<ApiFailure>(() => ProtobufBody.Read(body)).Code);
    }

    [Theory]
    [InlineData("""{"kind":"Pod","apiVersion":"v1","spec":{"volumes":[{"name":"a","emptyDir":{}},{"name":"b","configMap":{"name":"c"}}]}}""")]
    [InlineData("""{"kind":"Pod","apiVersion":"v1","spec":{"containers":[{"name":"é\n","livenessProbe":{"httpGet":{"port":"p"}}}]}}""")]
    [InlineData("""{"kind":"Pod","apiVersion":"v1","spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":"100m","x/y":"2"}}}]}}""")]
    [InlineData("""{"kind":"Secret","apiVersion":"v1","data":{"a":"AAEC","b":""},"metadata":{"creationTimestamp":"2026-11-22T07:16:48Z"}}""")]
    [InlineData("""{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","spec":{"renewTime":"2026-11-22T07:16:48.000123Z"}}""")]
    [InlineData("""{"kind":"Service","apiVersion":"v1","spec":{"ports":[{"port":-1,"targetPort":80},{"port":2,"targetPort":"http"}]}}""")]
    [InlineData("""{"kind":"ControllerRevision","apiVersion":"apps/v1","data":{"spec":{"a":[1,{"b":null}]}},"revision":3}""")]
    [InlineData("""{"kind":"MutatingWebhookConfiguration","apiVersion":"admissionregistration.k8s.io/v1","webhooks":[{"name":"a.b.c"}]}""")]
    [InlineData("""{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"extra":{"a":["b","c"]},"user":"u"}}""")]
    [InlineData(Claim)]
    [InlineData(Definition)]
    public void What_is_written_is_read_alike(string json)
    {
        var before = JsonNode.Parse(json)!;

        var after = ProtobufBody.Read(Written(json));

        Assert.True(JsonNode.DeepEquals(before, after), after.ToJsonString());
    }

    [Fact]
    public void A_long_message_in_a_message_keeps_its_length()
    {
        var text = new string('x', 70_000);
        var json = $$$"""{"kind":"ConfigMap","apiVersion":"v1","data":{"a":"{{{text}}}","b":"1"}}""";

        Assert.Equal(text, (string?)ProtobufBody.Read(Written(json))["data"]!["a"]);
    }

    [Fact]
    public void Every_field_of_a_kind_that_is_spoken_has_a_number()
    {
        var missing = new List<string>();
        foreach (var (name, type) in TypeTable.Load().Types.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            if (MessageTable.Load().Message(name) is not { Shape: WireShape.Fields } message) continue;
            var named = message.Named.Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
            missing.AddRange(type.Properties.Keys.Where(p => p is not ("kind" or "apiVersion") && !named.Contains(p))
                .Select(p => $"{name}.{p}"));
        }

        missing.RemoveAll(s_newer.Contains);

        Assert.True(missing.Count == 0, string.Join('\n', missing));
    }

    [Fact]
    public void Every_recorded_object_survives_the_way_there_and_back()
    {
        var wrong = new List<string>();
        var count = 0;
        foreach (var file in Transcripts())
        {
            foreach (var exchange in Exchange.Read(file))
            {
                if (exchange.ResponseBody is not JsonObject { } item || item["items"] is not null) continue;
                // Definitions are only read in protobuf, never answered.
                if ((string?)item["kind"] is null or "CustomResourceDefinition" || item["apiVersion"] is null) continue;
                if (Known(item) is null) continue;
                count++;
                var after = ProtobufBody.Read(Written(item.ToJsonString()));
                var (left, right) = (Bare(item), Bare(after));
                if (!JsonNode.DeepEquals(left, right)) wrong.Add($"{exchange.Id}\n {left!.ToJsonString()}\n {right!.ToJsonString()}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {count}: " + string.Join('\n', wrong.Take(5)));
        Assert.True(count > 300, $"only {count} recorded objects");
    }

    private static WireMessage? Known(JsonObject item) =>
        MessageTable.Load().Of((string)item["apiVersion"]!, (string)item["kind"]!);

    /// <summary>Nulls and empty maps and lists of strings are not told apart from nothing on the wire.</summary>
    private static JsonNode? Bare(JsonNode? node)
    {
        if (node is JsonArray list) return new JsonArray([.. list.Select(Bare)]);
        if (node is not JsonObject map) return node?.DeepClone();
        var kept = new JsonObject();
        foreach (var (name, value) in map)
        {
            if (value is null or JsonArray { Count: 0 } or JsonObject { Count: 0 } && name != "f:x") continue;
            kept[name] = Bare(value);
        }
        return kept;
    }

    private static IEnumerable<string> Transcripts()
    {
        var folder = SharedFiles.Find("data/transcripts");
        if (folder is null) Assert.Skip("the shared transcripts are not beside this repository (set SPILLWAY_SHARED)");
        return Directory.EnumerateFiles(folder, "*.jsonl");
    }

    private static byte[] Written(string json) =>
        ProtobufAnswer.Of(ApiResponse.Of(200, Encoding.UTF8.GetBytes(json))).JoinBody().ToArray();
}
