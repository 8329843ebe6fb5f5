using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Spillway.Tests.Machines;

/// <summary>Real hosts, real ssh, real tunnels. Every test leaves the cluster whole.</summary>
public sealed class LabTests(LabFixture lab) : IClassFixture<LabFixture>
{
    [Fact]
    public void Four_bare_hosts_come_to_all_gates_within_90_seconds()
    {
        lab.SkipWhereMissing();

        lab.FirstUp!.ExitCode.ShouldBe(0, lab.FirstUp.Output + lab.FirstUp.Error);
        lab.FirstUp.Output.ShouldContain("cloud-1: ");
        lab.FirstUp.Took.ShouldBeLessThan(TimeSpan.FromSeconds(90));
    }

    [Fact]
    public async Task A_second_up_changes_nothing()
    {
        lab.SkipWhereMissing();
        var journal = await File.ReadAllTextAsync(Path.Combine(lab.State, "journal.jsonl"));

        var again = await lab.SpillwayAsync("up");

        again.ExitCode.ShouldBe(0, again.Error);
        Regex.Count(again.Output, "as it is to be").ShouldBe(4, again.Output);
        (await File.ReadAllTextAsync(Path.Combine(lab.State, "journal.jsonl"))).ShouldBe(journal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    [InlineData(17)]
    public async Task An_up_killed_at_some_step_is_gone_on_with(int lines)
    {
        lab.SkipWhereMissing();
        (await lab.SpillwayAsync("node", "reset", "office-2")).ExitCode.ShouldBe(0);
        var journal = Path.Combine(lab.State, "journal.jsonl");
        var before = File.ReadLines(journal).Count();
        using (var up = lab.StartUp())
        {
            while (!up.HasExited && File.ReadLines(journal).Count() < before + lines)
                await Pause(20);
            up.Kill();
            await up.WaitForExitAsync();
        }

        var again = await lab.SpillwayAsync("up");

        again.ExitCode.ShouldBe(0, again.Output + again.Error);
        await HealthyAsync();
    }

    [Theory]
    [InlineData("office-1")]
    [InlineData("control")]
    public async Task A_rebooted_host_comes_back_by_itself(string host)
    {
        lab.SkipWhereMissing();

        await LabFixture.LabAsync("ssh", host, "systemctl reboot");

        await HealthyAsync();
        (await lab.SpillwayAsync("up")).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task A_peer_that_goes_and_comes_costs_no_ping_of_the_others()
    {
        lab.SkipWhereMissing();
        var pings = LabFixture.LabAsync("ssh", "office-1", "ping -q -i 0.1 -w 45 10.77.0.1; true");

        var removed = await lab.SpillwayAsync("node", "remove", "cloud-1");
        var added = await lab.SpillwayAsync("node", "add", "cloud-1");

        removed.ExitCode.ShouldBe(0, removed.Output + removed.Error);
        added.ExitCode.ShouldBe(0, added.Output + added.Error);
        (await pings).Text.ShouldContain(" 0% packet loss");
    }

    [Theory]
    [InlineData("wrong-key", "handshake")]
    [InlineData("blocked-port", "port")]
    [InlineData("wrong-allowed-ips", "allowed IPs")]
    [InlineData("mtu-black-hole", "MTU")]
    [InlineData("rp-filter", "rp_filter")]
    [InlineData("wrong-node-ip", "node-ip")]
    [InlineData("stale-route", "route")]
    public async Task A_fault_put_in_by_hand_is_named(string fault, string layer)
    {
        lab.SkipWhereMissing();
        await HealthyAsync();
        try
        {
            (await LabFixture.LabAsync("break", fault, "office-1")).Code.ShouldBe(0);

            // The kubelet takes a moment to register itself anew.
            await UntilAsync(async () => (await NamedAsync()) == layer, $"the doctor to name {layer}");
        }
        finally
        {
            await LabFixture.LabAsync("mend");
        }
    }

    [Fact]
    public async Task Machines_of_one_site_talk_as_fast_as_by_a_direct_tunnel_made_by_hand()
    {
        lab.SkipWhereMissing();
        const string setUp =
            """
            set -e
            ip link del hand 2>/dev/null || true
            wireguard-go hand 2>/dev/null || ip link add hand type wireguard
            ip link set hand mtu 1420
            """;
        foreach (var host in new[] { "office-1", "office-2" })
            (await LabFixture.LabAsync("ssh", host, setUp)).Code.ShouldBe(0);
        foreach (var (host, other, own, theirs) in new[]
            { ("office-1", "office-2", "1", "2"), ("office-2", "office-1", "2", "1") })
        {
            var key = (await LabFixture.LabAsync("ssh", other, "wg show wg0 public-key")).Text.Trim();
            var join = $"wg set hand listen-port 51999 private-key /etc/wireguard/wg0.key peer {key} "
                + $"allowed-ips 10.88.0.{theirs}/32 endpoint 192.168.50.1{theirs}:51999 && ip address replace 10.88.0.{own}/24 dev hand && ip link set hand up";
            (await LabFixture.LabAsync("ssh", host, join)).Code.ShouldBe(0);
        }

        await LabFixture.LabAsync("ssh", "office-2", "systemd-run -q --unit iperf iperf3 -s");
        var ratios = new List<double>();
        for (var round = 0; round < 3; round++)
        {
            var byHand = await SpeedAsync("10.88.0.2");
            ratios.Add(await SpeedAsync("10.77.0.3") / byHand);
        }

        foreach (var host in new[] { "office-1", "office-2" })
            await LabFixture.LabAsync("ssh", host, "systemctl stop iperf; ip link del hand");
        ratios.Max().ShouldBeGreaterThan(0.9);
    }

    private static async Task<double> SpeedAsync(string address)
    {
        var run = await LabFixture.LabAsync("ssh", "office-1", $"iperf3 -J -t 3 -c {address}");
        return (double)JsonNode.Parse(run.Text)!["end"]!["sum_received"]!["bits_per_second"]!;
    }

    // What breaks the pair that the fault is about, from the machine that has it.
    private async Task<string?> NamedAsync()
    {
        var doctor = await lab.SpillwayAsync("doctor", "--between", "office-1", "control", "-o", "json");
        return doctor.Output.Length == 0 ? null
            : (string?)doctor.Json.AsArray().First(way => (string?)way!["from"] == "office-1")!["firstBroken"];
    }

    private Task HealthyAsync() => UntilAsync(
        async () => (await lab.SpillwayAsync("doctor")).ExitCode == 0, "all ways to be healthy");

    private static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        for (var tries = 0; tries < 60; tries++)
        {
            if (await condition()) return;
            await Pause(500);
        }

        throw new TimeoutException($"waited in vain for {what}");
    }

    private static Task Pause(int milliseconds) => Task.Delay(
        TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System, TestContext.Current.CancellationToken);
}
