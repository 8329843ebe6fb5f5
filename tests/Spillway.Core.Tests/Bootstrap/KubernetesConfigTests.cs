using System.Text.Json.Nodes;
using Spillway.Core.Bootstrap;
using Spillway.Core.ClusterFile;
using Spillway.Core.ClusterFile.Yaml;
using Spillway.Core.Overlay;
using Spillway.Core.Tests.Overlay;
using Spillway.Core.Tests.Rules;

namespace Spillway.Core.Tests.Bootstrap;

public sealed class KubernetesConfigTests
{
    private const string Machines = """
        overlay: {kind: wireguard}
        machines:
          - {name: control, role: control-plane, site: cloud, address: 203.0.113.10, ssh: root@203.0.113.10}
          - {name: box, site: office, ssh: u@192.168.1.30, labels: {lab/gpu: a100}}
        """;

    [Theory]
    [InlineData("1.22", "kubeadm.k8s.io/v1beta3", false)]
    [InlineData("1.30.4", "kubeadm.k8s.io/v1beta3", false)]
    [InlineData("1.31", "kubeadm.k8s.io/v1beta4", true)]
    [InlineData("1.36.2", "kubeadm.k8s.io/v1beta4", true)]
    public void Arguments_are_a_list_from_1_31_on_and_a_mapping_before(string version, string api, bool lists)
    {
        foreach (var machine in new[] { "control", "box" })
        {
            var document = Documents($"kubernetes: {{distribution: kubeadm, version: \"{version}\"}}", machine)[0];

            ((string)document["apiVersion"]!).ShouldBe(api);
            var arguments = document["nodeRegistration"]!["kubeletExtraArgs"]!;
            if (lists)
                arguments.AsArray().Select(argument => (string)argument!["name"]!).ShouldContain("node-ip");
            else
                ((string)arguments["node-ip"]!).ShouldStartWith("10.77.0.");
        }
    }

    [Fact]
    public void A_version_without_a_configuration_that_is_still_read_is_refused()
    {
        var read = Networks.Read($"kubernetes: {{distribution: kubeadm, version: \"1.21\"}}\n{Machines}");

        read.Diagnostics.ShouldContain(found => found.IsError && found.Code == DiagnosticCodes.OutOfRange);
    }

    [Fact]
    public void Init_has_the_shape_of_real_files()
    {
        Assert.SkipWhen(Repository.Shared is null, "the shared data is not here");
        foreach (var (file, version) in new[]
        {
            ("minikube_v1.34_options.yaml", "1.34.0"), ("minikube_v1.26_options.yaml", "1.26.0"),
        })
        {
            var real = Read(File.ReadAllText(Path.Combine(Repository.Shared!, "data/configs/kubeadm", file)));
            var ours = Documents($"kubernetes: {{distribution: kubeadm, version: \"{version}\"}}", "control");

            ours.Select(Kind).ShouldBe(real.Select(Kind), file);
            for (var i = 0; i < 3; i++)
                Shape(ours[i]).Except(Shape(real[i])).Except(
                    ["nodeRegistration.kubeletExtraArgs.node-labels"]).ShouldBeEmpty(file);
        }

        static string Kind(JsonNode document) => $"{document["apiVersion"]} {document["kind"]}";
    }

    [Fact]
    public void A_joining_machine_is_never_told_to_skip_the_check_of_the_authority_and_holds_no_ticket()
    {
        var text = string.Concat(Files("kubernetes: {distribution: kubeadm}", "box").Select(file => file.Content));

        text.ShouldNotContain("unsafeSkip");
        text.ShouldNotContain("token:");
        text.ShouldContain(KubeadmConfig.TicketPath);
    }

    [Fact]
    public void Rke2_settings_use_the_keys_of_its_documentation()
    {
        var spec = "kubernetes: {distribution: rke2, network: canal, podCidr: 10.42.0.0/16, serviceCidr: 10.43.0.0/16,"
            + " registries: {docker.io: [\"https://registry.example.com:5000\"]}}";
        var server = Files(spec, "control").ToDictionary(file => file.Path, file => Read(file.Content)[0]);
        var agent = Read(Files(spec, "box")[0].Content)[0];

        var config = server["/etc/rancher/rke2/config.yaml"];
        ((string)config["cluster-dns"]!).ShouldBe("10.43.0.10");
        ((string)config["node-ip"]!).ShouldBe("10.77.0.1");
        config["server"].ShouldBeNull();
        ((string)agent["server"]!).ShouldBe("https://10.77.0.1:9345");
        agent["node-label"]!.AsArray().Select(label => (string)label!).ShouldContain("lab/gpu=a100");
        agent["tls-san"].ShouldBeNull();
        var registries = server["/etc/rancher/rke2/registries.yaml"];
        ((string)registries["mirrors"]!["docker.io"]!["endpoint"]![0]!).ShouldBe("https://registry.example.com:5000");
        var canal = server["/var/lib/rancher/rke2/server/manifests/rke2-canal-config.yaml"];
        ((string)canal["kind"]!).ShouldBe("HelmChartConfig");
        var values = Read((string)canal["spec"]!["valuesContent"]!)[0];
        ((string)values["flannel"]!["iface"]!).ShouldBe("wg0");
        values["calico"]!["vethuMTU"]!.ToJsonString().ShouldBe("1370");
    }

    [Theory]
    [InlineData("lab/gpu", true)]
    [InlineData("node.kubernetes.io/instance-type", true)]
    [InlineData("x.node.kubernetes.io/y", true)]
    [InlineData("topology.kubernetes.io/zone", true)]
    [InlineData("node-role.kubernetes.io/worker", false)]
    [InlineData("example.k8s.io/x", false)]
    [InlineData("kubernetes.io/role", false)]
    public void A_node_gives_itself_only_the_labels_it_may(string key, bool may) =>
        NodeSettings.MaySetItself(key).ShouldBe(may);

    private static IReadOnlyList<HostFile> Files(string kubernetes, string machine)
    {
        var plan = Networks.Plan($"{kubernetes}\n{Machines}");
        var node = plan.Node(machine);
        return plan.Cluster.Kubernetes.Distribution == Distribution.Kubeadm
            ? KubeadmConfig.For(node, plan)
            : RancherConfig.For(node, plan);
    }

    private static List<JsonNode> Documents(string kubernetes, string machine) =>
        Read(Files(kubernetes, machine)[0].Content);

    // Paths of keys; of lists with names the names, so that a list and a mapping of arguments compare.
    private static IEnumerable<string> Shape(JsonNode? node, string path = "") => node switch
    {
        JsonObject item => item.SelectMany(pair => Shape(pair.Value, path.Length == 0 ? pair.Key : $"{path}.{pair.Key}")
            .Prepend(path.Length == 0 ? pair.Key : $"{path}.{pair.Key}")),
        JsonArray items => items.SelectMany(item => item is JsonObject named && named["name"] is { } name
            ? [$"{path}.{name}"]
            : Shape(item, path)),
        _ => [],
    };

    private static List<JsonNode> Read(string text)
    {
        var problems = new Problems();
        var documents = YamlText.Split(text)
            .Select(chunk => new YamlTreeReader(problems, "x", chunk.LineOffset).Read(chunk.Text))
            .OfType<YamlNode>()
            .Select(node => YamlJson.Convert(node, problems)!)
            .ToList();
        problems.HasErrors.ShouldBeFalse();
        return documents;
    }
}
