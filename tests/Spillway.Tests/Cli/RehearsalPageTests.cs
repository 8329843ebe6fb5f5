using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Spillway.Tests.Cli;

/// <summary>The page of a rehearsal: its figures, and how a browser takes it.</summary>
public sealed partial class RehearsalPageTests
{
    private const string Cluster = """
        apiVersion: spillway.dev/v1
        kind: Cluster
        metadata: {name: lab}
        spec:
          machines:
            - name: gpu-box
              capacity: {cpu: 16, memory: 64Gi, nvidia.com/gpu: 2}
              cost: {hourly: 0.50 USD/h}
          pools:
            - name: spare
              cloud: {simulated: {region: us-east-1, startup: 60s}}
              instanceTypes: [g4dn.xlarge]
              max: 3
        """;

    // A name that would end the script element, were it written as it is.
    private const string Nasty = "</script><img src=x onerror=alert(1)>";

    [Theory]
    [InlineData("--fast")]
    [InlineData("--until=1d")]
    public async Task The_figures_in_the_page_are_those_of_the_json(string how)
    {
        using var folder = new TemporaryFolder();
        var page = Path.Combine(folder.Path, "page.html");

        var run = await RehearseAsync(folder, how, "--report", page, "--vary", "pools.spare.max=0,1", "-o", "json");

        run.ExitCode.ShouldBeOneOf([0, 1], run.Error);
        var inside = Data(await File.ReadAllTextAsync(page))["rehearsal"]!;
        JsonNode.DeepEquals(inside, run.Json).ShouldBeTrue();
        inside["pods"]!.AsArray().Count.ShouldBe(12);
        inside["series"]!["gpusUsed"]!.AsArray().Max(value => (double)value!).ShouldBeGreaterThanOrEqualTo(2);
    }

    [Fact]
    public async Task Variations_are_compared_and_more_machines_cost_no_pod_its_place()
    {
        using var folder = new TemporaryFolder();

        var run = await RehearseAsync(
            folder, "--fast", "--vary", "machines.+gpu-box=1,2", "--vary", "pools.spare.max=0,3", "-o", "json");

        run.ExitCode.ShouldBe(0, run.Error);
        var variations = run.Json["variations"]!.AsArray();
        variations.Select(one => (string)one!["name"]!).ShouldBe(
        [
            "machines.+gpu-box=1 pools.spare.max=0", "machines.+gpu-box=1 pools.spare.max=3",
            "machines.+gpu-box=2 pools.spare.max=0", "machines.+gpu-box=2 pools.spare.max=3",
        ]);
        variations.ShouldAllBe(one => (int)one!["summary"]!["finished"]! == 12);
        ((decimal)variations[0]!["cost"]!["cloud"]!["amount"]!).ShouldBe(0);
        ((double)variations[2]!["summary"]!["meanWaitSeconds"]!)
            .ShouldBeLessThan((double)variations[0]!["summary"]!["meanWaitSeconds"]!);
    }

    [Fact]
    public async Task A_variation_equals_a_run_of_the_file_that_says_so()
    {
        using var folder = new TemporaryFolder();
        var varied = await RehearseAsync(folder, "--fast", "--vary", "pools.spare.max=1", "-o", "json");
        folder.Write("cluster.yaml", Cluster.Replace("max: 3", "max: 1"));
        var written = await SpillwayProcess.RunAsync(
            "rehearse", Path.Combine(folder.Path, "cluster.yaml"), "-w", Path.Combine(folder.Path, "jobs.csv"), "--fast", "-o", "json");

        var variation = varied.Json["variations"]![0]!;

        JsonNode.DeepEquals(variation["cost"], written.Json["cost"]).ShouldBeTrue();
        JsonNode.DeepEquals(variation["summary"], written.Json["summary"]).ShouldBeTrue();
    }

    [Theory]
    [InlineData("pools.spare.max=-3", 1, "cluster.yaml:13:12: error SW1106")]
    [InlineData("pools.spare.max=-3", 1, "with pools.spare.max=-3")]
    [InlineData("pools.none.max=3", 1, "there is no 'none' in pools, with pools.none.max=3")]
    [InlineData("pools.spare.max", 2, "--vary: ")]
    public async Task A_wrong_variation_is_said_before_anything_is_played(string vary, int exitCode, string words)
    {
        using var folder = new TemporaryFolder();

        var run = await RehearseAsync(folder, "--fast", "--vary", vary, "-o", "json");

        run.ExitCode.ShouldBe(exitCode);
        run.Output.ShouldBeEmpty();
        run.Error.ShouldContain(words);
    }

    [Fact]
    public async Task More_than_a_hundred_variations_are_refused()
    {
        using var folder = new TemporaryFolder();
        var values = string.Join(',', Enumerable.Range(0, 11));

        var run = await RehearseAsync(
            folder, "--fast", "--vary", $"pools.spare.max={values}", "--vary", $"machines.+gpu-box={values}");

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("121 runs, and 100 is the most");
    }

    [Fact]
    public async Task A_page_that_cannot_be_written_ends_with_3()
    {
        using var folder = new TemporaryFolder();

        var run = await RehearseAsync(folder, "--fast", "--report", Path.Combine(folder.Path, "none", "page.html"));

        run.ExitCode.ShouldBe(3);
        run.Error.ShouldContain("cannot be written");
    }

    [Theory]
    [InlineData(400)]
    [InlineData(1600)]
    public async Task A_browser_shows_the_page_without_complaint_and_asks_nobody(int width)
    {
        Assert.SkipUnless(Browser.Program is not null, "no chromium: apt-get install chromium-headless-shell");
        using var folder = new TemporaryFolder();
        var page = Path.Combine(folder.Path, "page.html");
        await RehearseAsync(folder, "--fast", "--report", page, "--vary", "machines.+gpu-box=1");
        (await File.ReadAllTextAsync(page)).ShouldNotContain(Nasty);

        var profile = Directory.CreateDirectory(Path.Combine(folder.Path, "profile")).FullName;
        var (document, log) = await Browser.OpenAsync(page, width, profile);

        log.ShouldNotContain("CONSOLE");
        Requests().Matches(log).Select(match => match.Value).ShouldBeEmpty();
        // Drawn by the script: charts, the map, and the tables with the nasty name as text.
        Regex.Count(document, "class=\"chart\"").ShouldBeGreaterThanOrEqualTo(5);
        document.ShouldContain("machines.+gpu-box=1</td>");
        document.ShouldContain("&lt;/script&gt;");
        document.ShouldNotContain("<img");
    }

    [Fact]
    public async Task A_large_run_is_cut_in_the_page_and_says_so()
    {
        using var folder = new TemporaryFolder();
        var page = Path.Combine(folder.Path, "page.html");
        folder.Write("cluster.yaml", Cluster);
        folder.Write("many.csv", "name,cpu_milli,memory_mib,num_gpu,creation_s,duration_s\n" + string.Concat(
            Enumerable.Range(0, 30_000).Select(index => $"job-{index},1000,1024,0,{index},60\n")));

        var run = await SpillwayProcess.RunAsync(
            "rehearse", Path.Combine(folder.Path, "cluster.yaml"), "-w", Path.Combine(folder.Path, "many.csv"), "--fast",
            "--report", page, "-o", "json");

        var data = Data(await File.ReadAllTextAsync(page));
        data["rehearsal"]!["pods"]!.AsArray().Count.ShouldBe(10_000);
        ((int)data["page"]!["allPods"]!).ShouldBe(30_000);
        JsonNode.DeepEquals(data["rehearsal"]!["summary"], run.Json["summary"]).ShouldBeTrue();
        JsonNode.DeepEquals(data["rehearsal"]!["cost"], run.Json["cost"]).ShouldBeTrue();
        new FileInfo(page).Length.ShouldBeLessThan(8_000_000);
    }

    private static Task<SpillwayProcess> RehearseAsync(TemporaryFolder folder, params string[] options)
    {
        var cluster = folder.Write("cluster.yaml", Cluster);
        var jobs = folder.Write("jobs.csv", "name,cpu_milli,memory_mib,num_gpu,creation_s,duration_s\n" + string.Concat(
            Enumerable.Range(0, 12).Select(index => $"{NameOf(index, options)},2000,4096,1,{index * 10},600\n")));
        return SpillwayProcess.RunAsync(["rehearse", cluster, "-w", jobs, .. options]);
    }

    // The API server takes no such name; the planner alone asks nobody.
    private static string NameOf(int index, string[] options) =>
        index == 3 && options.Contains("--fast") ? Nasty : $"job-{index}";

    private static JsonNode Data(string page)
    {
        var text = DataElement().Match(page).Groups[1].Value;
        text.ShouldNotContain("<");
        return JsonNode.Parse(text)!;
    }

    [GeneratedRegex("""<script type="application/json" id="data">(.*?)</script>""", RegexOptions.Singleline)]
    private static partial Regex DataElement();

    [GeneratedRegex(@"https?://[^""\\ ]+")]
    private static partial Regex Requests();
}
