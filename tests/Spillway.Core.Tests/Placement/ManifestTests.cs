using System.Globalization;
using System.Text.Json.Nodes;
using Spillway.Core.Placement;
using Spillway.Core.Tests.Rules;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Spillway.Core.Tests.Placement;

/// <summary>Pods and pod templates in the wild: whatever placement cares about must arrive in the record.</summary>
public sealed class ManifestTests
{
    [Fact]
    public void Pod_templates_in_the_wild_are_read_without_loss()
    {
        Assert.SkipWhen(Repository.Shared is null, "The shared manifests are not beside the repository; set SPILLWAY_SHARED.");
        var read = 0;
        foreach (var file in Directory.EnumerateFiles(
            Path.Combine(Repository.Shared!, "data/manifests"), "*.y*ml", SearchOption.AllDirectories))
        {
            foreach (var template in Templates(file))
            {
                Check(template, PodReader.Read(template), Path.GetFileName(file));
                read++;
            }
        }
        read.ShouldBeGreaterThan(50);
    }

    private static void Check(JsonObject template, PodRecord pod, string file)
    {
        var spec = template["spec"]!.AsObject();
        var asks = pod.Requirements;
        asks.NodeSelector.Count.ShouldBe(spec["nodeSelector"]?.AsObject().Count ?? 0, file);
        asks.Tolerations.Count.ShouldBe(Length(spec["tolerations"]), file);
        asks.Spread.Count.ShouldBe(Length(spec["topologySpreadConstraints"]), file);
        var affinity = spec["affinity"];
        (asks.NodeTerms?.Count ?? 0).ShouldBe(Length(Required(affinity?["nodeAffinity"])?["nodeSelectorTerms"]), file);
        asks.PreferredNodeTerms.Count.ShouldBe(Length(Preferred(affinity?["nodeAffinity"])), file);
        asks.Affinity.Count.ShouldBe(Length(Required(affinity?["podAffinity"])), file);
        asks.AntiAffinity.Count.ShouldBe(Length(Required(affinity?["podAntiAffinity"])), file);
        asks.PreferredAffinity.Count.ShouldBe(Length(Preferred(affinity?["podAffinity"])), file);
        asks.PreferredAntiAffinity.Count.ShouldBe(Length(Preferred(affinity?["podAntiAffinity"])), file);

        var containers = Items(spec["containers"]).Concat(Items(spec["initContainers"])).ToArray();
        var resources = containers
            .SelectMany(container => new[] { container["resources"]?["requests"], container["resources"]?["limits"] })
            .OfType<JsonObject>().SelectMany(amounts => amounts)
            .Where(amount => amount.Value!.ToString() != "0").Select(amount => amount.Key);
        asks.Requests.Select(amount => amount.Key).ShouldBe(resources.Distinct().Order(StringComparer.Ordinal), file);

        var claims = Items(spec["volumes"]).Count(
            volume => volume["persistentVolumeClaim"] is not null || volume["ephemeral"] is not null);
        asks.Volumes.OfType<PodVolume.Claim>().Count().ShouldBe(claims, file);
        var onHost = spec["hostNetwork"]?.GetValue<bool>() == true;
        var ports = Items(spec["containers"]).SelectMany(container => Items(container["ports"]))
            .Count(port => onHost || port["hostPort"] is not null);
        asks.HostPorts.Count.ShouldBe(ports, file);
        pod.Labels.Count.ShouldBe(template["metadata"]?["labels"]?.AsObject().Count ?? 0, file);
    }

    private static JsonNode? Required(JsonNode? affinity) =>
        affinity?["requiredDuringSchedulingIgnoredDuringExecution"];

    private static JsonNode? Preferred(JsonNode? affinity) =>
        affinity?["preferredDuringSchedulingIgnoredDuringExecution"];

    private static int Length(JsonNode? list) => list?.AsArray().Count ?? 0;

    private static IEnumerable<JsonNode> Items(JsonNode? list) => list?.AsArray().OfType<JsonNode>() ?? [];

    private static List<JsonObject> Templates(string file)
    {
        var found = new List<JsonObject>();
        var yaml = new YamlStream();
        using var text = File.OpenText(file);
        yaml.Load(text);
        foreach (var document in yaml.Documents)
        {
            if (ToJson(document.RootNode) is { } root) Collect(root, found);
        }
        return found;
    }

    private static void Collect(JsonNode node, List<JsonObject> found)
    {
        if (node is JsonObject parent)
        {
            if (parent["spec"] is JsonObject spec && spec["containers"] is JsonArray) found.Add(parent);
            foreach (var (_, child) in parent)
            {
                if (child is not null) Collect(child, found);
            }
        }
        else if (node is JsonArray items)
        {
            foreach (var item in items.OfType<JsonNode>()) Collect(item, found);
        }
    }

    private static JsonNode? ToJson(YamlNode node)
    {
        switch (node)
        {
            case YamlMappingNode mapping:
                var target = new JsonObject();
                foreach (var (key, value) in mapping.Children) target[((YamlScalarNode)key).Value!] = ToJson(value);
                return target;
            case YamlSequenceNode sequence:
                return new JsonArray([.. sequence.Children.Select(ToJson)]);
            default:
                return Scalar((YamlScalarNode)node);
        }
    }

    private static JsonNode? Scalar(YamlScalarNode scalar)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style is ScalarStyle.SingleQuoted or ScalarStyle.DoubleQuoted) return text;
        if (text is "" or "~" or "null") return null;
        if (text is "true" or "false") return text == "true";
        var culture = CultureInfo.InvariantCulture;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, culture, out var whole)) return whole;
        return double.TryParse(text, NumberStyles.Float, culture, out var number) ? number : text;
    }
}
