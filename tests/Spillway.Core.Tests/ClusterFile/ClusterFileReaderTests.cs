using System.Diagnostics;
using System.Text;
using Spillway.Core.ClusterFile;

namespace Spillway.Core.Tests;

public sealed class ClusterFileReaderTests
{
    private const string Minimal = "apiVersion: spillway.dev/v1\nkind: Cluster\nmetadata: {name: a}\nspec:\n"
        + "  machines: [{name: box, capacity: {cpu: 4, memory: 8Gi}}]\n";

    [Fact]
    public void Hundred_megabytes_are_refused_by_their_size_alone()
    {
        var watch = Stopwatch.StartNew();

        var result = ClusterFileReader.ReadCluster([new SourceFile("big.yaml", new byte[100 * 1024 * 1024])]);

        result.Diagnostics.ShouldHaveSingleItem().ToString().ShouldBe(
            "big.yaml: error SW1001: the file has 100 MiB, and at most 16 MiB are read "
            + "(split it, or apply a generated workload with kubectl)");
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(2));
    }

    [Fact]
    public void Aliases_that_multiply_are_refused_quickly()
    {
        var bomb = new StringBuilder("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\n");
        bomb.Append("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
        for (var i = 1; i < 40; i++)
            bomb.Append($"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 9))}]\n");

        var result = Read(bomb.ToString());

        result.Diagnostics.ShouldHaveSingleItem().Code.ShouldBe(DiagnosticCodes.TooManyAliases);
    }

    [Fact]
    public void Merge_keys_that_multiply_are_refused_too()
    {
        var bomb = new StringBuilder("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\nm0: &m0 {");
        bomb.AppendJoin(", ", Enumerable.Range(0, 2000).Select(i => $"k{i}: x")).Append("}\n");
        bomb.Append("m1: &m1 {<<: [").AppendJoin(',', Enumerable.Repeat("*m0", 2000)).Append("]}\n");

        Read(bomb.ToString()).Diagnostics.ShouldHaveSingleItem().Code.ShouldBe(DiagnosticCodes.TooManyAliases);
    }

    [Fact]
    public void Bytes_that_are_no_utf8_are_placed_by_line_and_column()
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes("a: ü\nbé: "), 0xC3, 0x28, (byte)'\n'];

        var result = ClusterFileReader.ReadWorkload([new SourceFile("x.yaml", bytes)]);

        result.Diagnostics.ShouldHaveSingleItem().ToString().ShouldBe(
            "x.yaml:2:5: error SW1002: byte 11 (0xC3) is not UTF-8 (save the file as UTF-8)");
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFE, 0x61, 0x00 }, "the file is UTF-16")]
    [InlineData(new byte[] { 0x61, 0x3A, 0x00 }, "the file holds a zero byte")]
    public void Files_that_are_no_text_are_refused(byte[] bytes, string message) =>
        ClusterFileReader.ReadWorkload([new SourceFile("x.yaml", bytes)])
            .Diagnostics.ShouldHaveSingleItem().Message.ShouldStartWith(message);

    [Fact]
    public void A_byte_order_mark_is_no_problem() =>
        ClusterFileReader.ReadCluster([new SourceFile("x.yaml", new byte[] { 0xEF, 0xBB, 0xBF }
            .Concat(Encoding.UTF8.GetBytes(Minimal)).ToArray())]).HasErrors.ShouldBeFalse();

    [Theory]
    [InlineData("")]
    [InlineData("---\n# nothing\n")]
    public void A_folder_without_a_cluster_says_so(string text) =>
        ClusterFileReader.ReadCluster([File("x.yaml", text)])
            .Diagnostics.ShouldHaveSingleItem().Code.ShouldBe(DiagnosticCodes.NoCluster);

    [Fact]
    public void Anchors_and_merge_keys_read_as_if_written_out()
    {
        var result = ClusterFileReader.ReadCluster([File("x.yaml", """
            apiVersion: spillway.dev/v1
            kind: Cluster
            metadata: {name: a}
            spec:
              machines:
              - &box {capacity: {cpu: 4, memory: 8Gi}, site: lab, name: one}
              - {<<: *box, name: two, site: office}
            """)]);

        result.Diagnostics.ShouldBeEmpty();
        result.Cluster!.Machines.Select(machine => $"{machine.Name} {machine.Site} {machine.Capacity}").ShouldBe(
        [
            "one lab cpu 4, memory 8Gi", "two office cpu 4, memory 8Gi",
        ]);
    }

    [Fact]
    public void Workload_documents_become_json_as_kubectl_reads_them()
    {
        var result = Read("""
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: types, namespace: lab}
            data: {a: 0x1F, b: 0755, c: 1_000, d: 1e3, e: yes, f: "yes",
              g: ~, h: 2026-01-01, i: 1.0, j: .5, k: -7, l: 08}
            ---
            apiVersion: v1
            kind: List
            items:
            - {apiVersion: v1, kind: Pod, metadata: {name: p}}
            """);

        result.Diagnostics.ShouldBeEmpty();
        result.KubernetesDocuments.Select(document => document.Name).ShouldBe(["types", "p"]);
        result.KubernetesDocuments[0].Namespace.ShouldBe("lab");
        result.KubernetesDocuments[0].Json["data"]!.ToJsonString().ShouldBe(
            """{"a":31,"b":493,"c":1000,"d":1000,"e":true,"f":"yes","g":null,"h":"2026-01-01","i":1,"j":0.5,"k":-7,"l":8}""");
    }

    [Theory]
    [InlineData("{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\",\n\t\"metadata\": {\t\"name\":\"p\" }\n}\n")]
    [InlineData("%YAML 1.2\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\n...\n")]
    [InlineData("apiVersion: v1\r\nkind: Pod\r\nmetadata:\r\n  name: p\r\n---\r\n")]
    [InlineData("--- # first\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\n--- # nothing\n")]
    [InlineData("--- {apiVersion: v1, kind: Pod, metadata: {name: p}}")]
    [InlineData("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  a: |\n    --- no separator\n    x\n")]
    public void Yaml_in_all_its_dresses_is_one_pod(string text)
    {
        var result = Read(text);

        result.Diagnostics.ShouldBeEmpty();
        result.KubernetesDocuments.ShouldHaveSingleItem().Name.ShouldBe("p");
    }

    [Fact]
    public void Keys_with_nothing_after_them_count_as_left_out()
    {
        var result = ClusterFileReader.ReadCluster([File("x.yaml", """
            apiVersion: spillway.dev/v1
            kind: Cluster
            metadata: {name: a}
            spec:
              kubernetes:
              overlay: {kind: none}
              machines:
              - {name: box, capacity: {cpu: 4, memory: 8Gi}, devices: , labels: ~, cost: }
              pools:
              policy: {burst: }
            """)]);

        result.Diagnostics.ShouldBeEmpty();
        result.Cluster!.Overlay.Kind.ShouldBe(OverlayKind.None);
        result.Cluster.Policy.Burst.IdleAfter.ShouldBe(TimeSpan.FromMinutes(5));
    }

    [Fact]
    public void Every_setting_of_a_pool_arrives()
    {
        var folder = Path.Combine(Golden.Root, "clusterfile", "cloudviper");
        var pool = ClusterFileGoldenTests.Read(folder).Cluster!.Pools[1];
        var cloud = pool.Cloud.ShouldBeOfType<PoolCloud.Simulated>();

        pool.Smt.ShouldBeFalse();
        pool.Labels["onDemand"].ShouldBe("false");
        pool.Purchase.ShouldBe(PoolPurchase.Spot);
        cloud.Startup.ShouldBe(TimeSpan.FromMinutes(2));
        cloud.Stock["*"].ShouldBe(12);
        cloud.Stockouts.ShouldHaveSingleItem().ShouldBe(
            new Stockout("r4.4xlarge", null, null, TimeSpan.Zero, TimeSpan.FromHours(1)));
        cloud.SpotInterruptions!.PerHour.ShouldBe(0.05);
        cloud.SpotInterruptions.At.ShouldBe([TimeSpan.FromMinutes(20)]);
        cloud.Quota.ShouldBe(new CloudQuota(null, null, 640));
    }

    [Fact]
    public void A_million_mistakes_are_answered_with_the_first_few_hundred()
    {
        var text = new StringBuilder(Minimal);
        for (var i = 0; i < 50_000; i++)
            text.Append($"  wrong{i}: 1\n");

        var result = ClusterFileReader.ReadCluster([File("x.yaml", text.ToString())]);

        result.Diagnostics.Count.ShouldBe(501);
        result.Diagnostics[^1].Message.ShouldBe("49500 more problems are not shown");
    }

    [Fact]
    public void An_object_given_twice_is_noticed_and_the_same_name_elsewhere_is_not()
    {
        var result = Read("""
            {apiVersion: v1, kind: Pod, metadata: {name: p}}
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: lab}}
            ---
            {apiVersion: v1, kind: Pod, metadata: {generateName: p}}
            ---
            {apiVersion: v1, kind: Pod, metadata: {generateName: p}}
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: default}}
            """);

        result.Diagnostics.ShouldHaveSingleItem().ToString().ShouldBe(
            "x.yaml:9:46: warning SW1201: there are two of Pod p; the first is at x.yaml:1:1 (the later one counts)");
    }

    [Fact]
    public void Ten_thousand_manifests_are_read_in_seconds()
    {
        const string Pod = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\nspec:\n  containers:\n"
            + "  - name: c\n    image: i\n    resources: {requests: {cpu: 1, memory: 1Gi}}\n";
        var text = string.Concat(Enumerable.Range(0, 10_000).Select(i => Pod.Replace("NAME", $"p{i}")));
        var watch = Stopwatch.StartNew();

        var result = ClusterFileReader.ReadWorkload([File("pods.yaml", text)]);

        result.Diagnostics.ShouldBeEmpty();
        result.KubernetesDocuments.Count.ShouldBe(10_000);
        TestContext.Current.TestOutputHelper?.WriteLine($"{watch.ElapsedMilliseconds} ms");
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(20));
    }

    private static ClusterFileResult Read(string text) => ClusterFileReader.ReadWorkload([File("x.yaml", text)]);

    private static SourceFile File(string name, string text) => new(name, Encoding.UTF8.GetBytes(text));
}
