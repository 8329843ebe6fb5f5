using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Spillway.Tests.Cli;

/// <summary>Files that are wrong: a message with its place, exit 1, and nothing started.</summary>
public sealed class BadInputTests
{
    private const string Good = """
        apiVersion: spillway.dev/v1
        kind: Cluster
        metadata: {name: bad}
        spec:
          kubernetes: {distribution: embedded, podCidr: 10.244.0.0/16, serviceCidr: 10.96.0.0/12}
          machines:
            - {name: box, site: office, capacity: {cpu: 4, memory: 8Gi}}
          pools:
            - name: rented
              cloud: {simulated: {region: us-east-1, startup: 3s}}
              instanceTypes: [m5.xlarge]
              min: 0
              max: 2
          policy: {burst: {waitForOnPrem: 1s}}
        """;

    public static TheoryData<string, string, string, string> Mistakes => new()
    {
        { "unknown key", "policy: {burst: {waitForOnPrem: 1s}}", "policy: {burst: {waitForOnprem: 1s}}", ":14:" },
        { "wrong unit", "memory: 8Gi", "memory: 8GiB", ":7:" },
        { "overlapping networks", "serviceCidr: 10.96.0.0/12", "serviceCidr: 10.244.128.0/17", ":5:" },
        { "min above max", "min: 0", "min: 3", ":12:" },
        { "wrong duration", "startup: 3s", "startup: 3 sec", ":10:" },
        { "no such instance type", "[m5.xlarge]", "[m5.xlrage]", ":11:" },
        { "price of zero", "    min: 0", "    price: 0 USD/h\n      min: 0", ":12:" },
        { "duplicate name", "  pools:", "    - {name: box, capacity: {cpu: 1, memory: 1Gi}}\n  pools:", ":8:" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_is_told_with_its_place_and_nothing_starts(
        string mistake, string right, string wrong, string place)
    {
        Good.ShouldContain(right);
        using var folder = new TemporaryFolder();
        folder.Write("cluster.yaml", Good.Replace(right, wrong));

        await ShouldBeRefusedAsync(folder, "cluster.yaml" + place, mistake);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_told_with_their_place()
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = [.. Encoding.UTF8.GetBytes(Good + "\n# "), 0xff, 0xfe, (byte)'\n'];
        await File.WriteAllBytesAsync(Path.Combine(folder.Path, "cluster.yaml"), bytes);

        await ShouldBeRefusedAsync(folder, "UTF-8", "invalid UTF-8");
    }

    [Fact]
    public async Task A_file_that_grows_when_it_is_read_is_refused_at_once()
    {
        var bomb = new StringBuilder("a: &a [x, x, x, x, x, x, x, x, x]\n");
        for (var c = 'b'; c <= 'z'; c++)
        {
            var last = (char)(c - 1);
            bomb.Append($"{c}: &{c} [{string.Join(", ", Enumerable.Repeat("*" + last, 9))}]\n");
        }

        using var folder = new TemporaryFolder();
        folder.Write("cluster.yaml", bomb.ToString());

        var run = await ShouldBeRefusedAsync(folder, "cluster.yaml", "YAML bomb");
        run.Took.ShouldBeLessThan(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_folder_without_a_cluster_says_which_file_it_lacks()
    {
        using var folder = new TemporaryFolder();

        await ShouldBeRefusedAsync(folder, "cluster.yaml", "no cluster file");
    }

    [Fact]
    public async Task A_port_in_use_ends_with_3_and_one_line()
    {
        using var folder = new TemporaryFolder();
        folder.Write("cluster.yaml", Good);
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();

        var run = await SpillwayProcess.RunAsync(
            "up", folder.Path, "--listen", taken.LocalEndpoint.ToString()!, "--exit-when-idle");

        run.ExitCode.ShouldBe(3, run.Output + run.Error);
        run.Error.Trim().Split('\n').ShouldHaveSingleItem().ShouldContain(taken.LocalEndpoint.ToString()!);
    }

    private static async Task<SpillwayProcess> ShouldBeRefusedAsync(
        TemporaryFolder folder, string expected, string mistake)
    {
        var run = await SpillwayProcess.RunAsync("up", folder.Path, "--listen", "127.0.0.1:0", "--exit-when-idle");

        run.ExitCode.ShouldBe(1, $"{mistake}: {run.Output}{run.Error}");
        (run.Output + run.Error).ShouldContain(expected, Case.Sensitive, mistake);
        run.Error.ShouldNotContain("   at ", Case.Sensitive, mistake);
        Directory.Exists(Path.Combine(folder.Path, ".spillway")).ShouldBeFalse(mistake);
        return run;
    }
}
