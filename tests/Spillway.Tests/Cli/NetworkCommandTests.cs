using Spillway.Core.Overlay.WireGuard;

namespace Spillway.Tests.Cli;

public sealed class NetworkCommandTests
{
    private const string Example = "examples/real-hosts";

    [Fact]
    public async Task A_plan_of_real_hosts_names_every_pair_and_every_step()
    {
        var run = await SpillwayProcess.RunAsync("plan", Example, "-o", "json");

        run.ExitCode.ShouldBe(0, run.Error);
        run.Json["ways"]!.AsArray().Count.ShouldBe(6);
        run.Json["steps"]!.AsObject().Count.ShouldBe(4);
        foreach (var step in run.Json["steps"]!["gpu-box"]!.AsArray())
            ((string)step!["why"]!).ShouldNotBeEmpty();
        var text = await SpillwayProcess.RunAsync("plan", Example, "--machine", "gpu-box");
        text.Output.ShouldContain("kubeadm join --config");
        text.Output.ShouldContain("undo");
    }

    [Fact]
    public async Task A_rendered_tunnel_is_a_file_that_wg_takes_and_holds_no_private_key()
    {
        var run = await SpillwayProcess.RunAsync("render", "wireguard", "--machine", "telescope", Example);

        run.ExitCode.ShouldBe(0, run.Error);
        var file = WgQuickParser.Parse("wg0.conf", run.Output);
        file.Diagnostics.ShouldBeEmpty();
        file.Interface.Mtu.ShouldBe(1412);
        file.Interface.PublicKey.ShouldBeNull();
    }

    [Theory]
    [InlineData("kubeadm", "gpu-box", "kind: JoinConfiguration")]
    [InlineData("kubeadm", "control", "kind: ClusterConfiguration")]
    [InlineData("script", "cpu-box", "spillway-smt.service")]
    [InlineData("cloud-init", "telescope", "#cloud-config")]
    public async Task Files_of_a_machine_are_printed_as_they_are(string kind, string machine, string words)
    {
        var run = await SpillwayProcess.RunAsync("render", kind, "--machine", machine, Example);

        run.ExitCode.ShouldBe(0, run.Error);
        run.Output.ShouldContain(words);
    }

    [Theory]
    [InlineData("rke2", "gpu-box", "kubernetes.distribution")]
    [InlineData("openvpn", "gpu-box", "overlay.kind")]
    [InlineData("wireguard", "nobody", "there is no machine 'nobody'")]
    public async Task What_does_not_fit_the_file_is_said_and_ends_with_1(string kind, string machine, string words)
    {
        var run = await SpillwayProcess.RunAsync("render", kind, "--machine", machine, Example);

        run.ExitCode.ShouldBe(1);
        run.Output.ShouldBeEmpty();
        run.Error.ShouldContain(words);
    }

    [Fact]
    public async Task Names_are_those_that_the_asking_network_reaches()
    {
        var run = await SpillwayProcess.RunAsync("render", "dnsmasq", "--site", "office", Example);

        run.Output.ShouldContain("host-record=k8s.observatory.lan,203.0.113.10\n");
        run.Output.ShouldContain("address=/apps.observatory.lan/192.168.1.30\n");
    }

    [Fact]
    public async Task Rendered_files_go_below_a_folder_with_their_modes()
    {
        using var folder = new TemporaryFolder();

        var run = await SpillwayProcess.RunAsync(
            "render", "wireguard", "--machine", "gpu-box", "--out", folder.Path, Example);

        run.ExitCode.ShouldBe(0, run.Error);
        File.GetUnixFileMode(Path.Combine(folder.Path, "etc/wireguard/wg0.conf"))
            .ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task A_hand_made_hub_is_adopted_and_a_broken_one_refused_without_showing_keys()
    {
        const string key = "TFlmmEUC7V7VtiDYLKsbP5rySTKLIZq1yn8lMqK83wo=";
        using var folder = new TemporaryFolder();
        folder.Write("wg0.conf", $"[Interface]\nAddress = 20.0.0.1/24\nListenPort = 51820\nPrivateKey = {key}\nSaveConfig = true\n"
            + "[Peer]\nPublickey = vBN7qyUTb5lJtWYJ8LhbPio1Z4RcyBPGnqFBGn6O6Qg=\nAllowedIPs = 20.0.0.2/32\n");

        var adopted = await SpillwayProcess.RunAsync("import", "wireguard", folder.Path, "--name", "seed");
        folder.Write("cluster.yaml", adopted.Output);
        var check = await SpillwayProcess.RunAsync("check", Path.Combine(folder.Path, "cluster.yaml"));
        folder.Write("wg0.conf", $"[Interface]\nPrivateKey = {key}x\n");
        var refused = await SpillwayProcess.RunAsync("import", "wireguard", folder.Path);

        adopted.ExitCode.ShouldBe(0, adopted.Error);
        adopted.Error.ShouldContain("SW1304");
        check.ExitCode.ShouldBe(0, check.Output);
        check.Output.ShouldContain("SW1205");
        check.Output.ShouldContain("SW1224");
        adopted.Error.ShouldContain("add its address");
        refused.ExitCode.ShouldBe(1);
        refused.Error.ShouldContain("wg0.conf:2:14: error SW1301");
        (adopted.Output + adopted.Error + refused.Error).ShouldNotContain(key[..20]);
    }
}
