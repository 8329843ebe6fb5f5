using System.Text;
using Spillway.Core.ClusterFile;
using Spillway.Core.ClusterFile.Variations;
using Spillway.Core.Quantities;

namespace Spillway.Core.Tests;

public sealed class VariationTests
{
    private const string Text = """
        apiVersion: spillway.dev/v1
        kind: Cluster
        metadata: {name: lab}
        spec:
          machines:
            - name: gpu-box
              ssh: ada@192.168.1.20
              capacity: {cpu: 32, memory: 128Gi, nvidia.com/gpu: 2}
            - {name: gpu-box-2, capacity: {cpu: 4, memory: 8Gi}}
          pools:
            - name: x
              cloud: {simulated: {region: us-east-1}}
              instanceTypes: [g4dn.xlarge]
              max: 3
            - name: y
              cloud: {simulated: {region: us-east-1}}
              instanceTypes: [g4dn.xlarge]
        """;

    [Theory]
    [InlineData("pools.x.max=0,5,10", "pools.x.max", "0|5|10")]
    [InlineData("spec.pools.x.instanceTypes=[a, b],[c]", "spec.pools.x.instanceTypes", "[a, b]|[c]")]
    [InlineData("machines.m.capacity={cpu: 1, memory: 2Gi},{cpu: 2}", "machines.m.capacity", "{cpu: 1, memory: 2Gi}|{cpu: 2}")]
    [InlineData("policy.burst.budget.perDay=50 USD, 'a,b'", "policy.burst.budget.perDay", "50 USD|'a,b'")]
    public void A_setting_is_read_with_its_values(string text, string path, string values)
    {
        VariedSetting.TryParse(text, out var setting, out _).ShouldBeTrue();

        setting.Path.ShouldBe(path);
        string.Join('|', setting.Values).ShouldBe(values);
    }

    [Theory]
    [InlineData("pools.x.max")]
    [InlineData("=5")]
    [InlineData("pools..max=5")]
    [InlineData("pools.x.max=")]
    [InlineData("pools.x.max=5,,6")]
    public void What_varies_nothing_is_refused_with_words(string text)
    {
        VariedSetting.TryParse(text, out _, out var complaint).ShouldBeFalse();
        complaint.ShouldContain("pools");
    }

    [Fact]
    public void Several_settings_multiply_and_the_last_changes_fastest()
    {
        VariedSetting[] settings = [new("a", ["1", "2"]), new("b", ["x", "y", "z"])];

        ClusterVariation.Product(settings).Select(variation => variation.Name).ShouldBe(
            ["a=1 b=x", "a=1 b=y", "a=1 b=z", "a=2 b=x", "a=2 b=y", "a=2 b=z"]);
        ClusterVariation.Count(settings).ShouldBe(6);
        ClusterVariation.Count(Enumerable.Repeat(settings[1], 100)).ShouldBe(int.MaxValue);
        ClusterVariation.Product([]).ShouldBeEmpty();
    }

    [Fact]
    public void A_value_is_replaced_where_it_is_and_added_where_it_is_not()
    {
        var cluster = Cluster("pools.x.max=7", "pools.y.max=9", "policy.burst.waitForOnPrem=5m");

        cluster.Pools.Select(pool => pool.Max).ShouldBe([7, 9]);
        cluster.Policy.Burst.WaitForOnPrem.ShouldBe(TimeSpan.FromMinutes(5));
    }

    [Fact]
    public void A_star_changes_all_items_and_null_takes_a_value_away()
    {
        Cluster("pools.*.max=1").Pools.ShouldAllBe(pool => pool.Max == 1);
        Cluster("pools.x.max=null").Pools[0].Max.ShouldBe(Cluster().Pools[1].Max);
    }

    [Fact]
    public void Resources_keep_the_dots_of_their_names()
    {
        var machines = Cluster(
            "machines.gpu-box.capacity.nvidia.com/gpu=4", "machines.gpu-box-2.capacity.nvidia.com/gpu=1").Machines;

        machines.Select(machine => machine.Capacity["nvidia.com/gpu"]).ShouldBe(
            [Quantity.FromWhole(4), Quantity.FromWhole(1)]);
    }

    [Fact]
    public void Machines_are_bought_under_free_names_and_without_what_is_one_hosts_own()
    {
        var machines = Cluster("machines.+gpu-box=2").Machines;

        machines.Select(machine => machine.Name).ShouldBe(["gpu-box", "gpu-box-2", "gpu-box-3", "gpu-box-4"]);
        machines[3].Capacity.ShouldBe(machines[0].Capacity);
        machines[0].Ssh.ShouldNotBeNull();
        machines[3].Ssh.ShouldBeNull();
        Cluster("machines.+gpu-box=-1").Machines.ShouldHaveSingleItem().Name.ShouldBe("gpu-box-2");
        Cluster("machines.+gpu-box=0").Machines.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("pools.x.max=-3", "lab.yaml:14:12: error SW1106")]
    [InlineData("pools.spare.max=3", "there is no 'spare' in pools (there are x, y)")]
    [InlineData("machines.+gpu-bax=3", "did you mean 'gpu-box'?")]
    [InlineData("machines.+gpu-box=some", "lab.yaml:6:7: error SW1105: 'some' is no number of copies of gpu-box")]
    [InlineData("machines.+gpu-box=100001", "up to 10000")]
    [InlineData("pools.x.maxx=3", "unknown key 'maxx' in Pool (did you mean 'max'?)")]
    [InlineData("pools.x.max.y=3", "lab.yaml:14:12: error SW1016: max is '3' and has no 'y'")]
    [InlineData("policy.burst.waitForOnPrem=5", "error SW1105")]
    [InlineData("pools.x.max=[5", "'[5' is not a value as YAML writes them")]
    [InlineData("pools=3", "error SW1103")]
    public void Errors_have_the_place_of_what_was_changed(string change, string expected) =>
        string.Join('\n', Read(change).Diagnostics).ShouldContain(expected);

    [Fact]
    public void Without_changes_nothing_changes() =>
        Read().Diagnostics.ShouldBe(ClusterFileReader.ReadCluster([File()]).Diagnostics);

    [Theory]
    [InlineData(3, "box-2,box-4,box-5")]
    [InlineData(0, "")]
    public void Copies_skip_names_that_are_taken(int count, string names) =>
        string.Join(',', MachineCopies.Names("box", new HashSet<string> { "box", "box-3" }, count)).ShouldBe(names);

    private static Cluster Cluster(params string[] changes)
    {
        var read = Read(changes);
        read.HasErrors.ShouldBeFalse(string.Join('\n', read.Diagnostics));
        return read.Cluster!;
    }

    private static ClusterFileResult Read(params string[] changes) => ClusterFileReader.ReadCluster(
        [File()],
        [.. changes.Select(change => change.Split('=', 2)).Select(parts => new ClusterChange(parts[0], parts[1]))]);

    private static SourceFile File() => new("lab.yaml", Encoding.UTF8.GetBytes(Text));
}
