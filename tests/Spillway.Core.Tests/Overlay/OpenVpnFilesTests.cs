using Spillway.Core.Overlay.OpenVpn;

namespace Spillway.Core.Tests.Overlay;

public sealed class OpenVpnFilesTests
{
    private const string Spec = """
        kubernetes: {distribution: kubeadm, network: calico}
        overlay: {kind: openvpn, cidr: 172.27.224.0/20}
        sites: [{name: annex, cidr: 192.168.7.0/24, gateway: store}]
        machines:
          - {name: master, role: control-plane, site: cloud, address: 203.0.113.10, ssh: root@203.0.113.10}
          - {name: fpga-box, site: office, ssh: u@192.168.1.20}
          - {name: store, site: annex, ssh: u@192.168.7.2}
          - {name: scanner, site: annex, address: 192.168.7.9, ssh: u@192.168.7.9}
        """;

    [Fact]
    public void The_server_gives_every_machine_a_fixed_address_and_lets_in_nobody_else()
    {
        var plan = Networks.Plan(Spec);

        var files = OpenVpnFiles.For(plan.Node("master"), plan).ToDictionary(file => file.Path, file => file.Content);

        files.Keys.ShouldBe(
        [
            "/etc/openvpn/server/spillway.conf", "/etc/openvpn/server/ccd/fpga-box", "/etc/openvpn/server/ccd/store",
        ]);
        var server = files["/etc/openvpn/server/spillway.conf"];
        foreach (var line in new[]
        {
            "port 1194", "topology subnet", "client-to-client", "ccd-exclusive", "tun-mtu 1428",
            "ifconfig 172.27.224.1 255.255.240.0", "route 192.168.7.0 255.255.255.0", "remote-cert-tls client",
        })
            server.ShouldContain($"\n{line}\n");
        files["/etc/openvpn/server/ccd/store"].ShouldBe(
            "ifconfig-push 172.27.224.3 255.255.240.0\niroute 192.168.7.0 255.255.255.0\n");
        files["/etc/openvpn/server/ccd/fpga-box"].ShouldBe(
            "ifconfig-push 172.27.224.2 255.255.240.0\npush \"route 192.168.7.0 255.255.255.0\"\n");
    }

    [Fact]
    public void A_client_keeps_its_default_route_and_its_dns()
    {
        var plan = Networks.Plan(Spec);

        var client = OpenVpnFiles.For(plan.Node("fpga-box"), plan).Single().Content;

        client.ShouldContain("\nremote 203.0.113.10 1194\n");
        client.ShouldContain("\npull-filter ignore \"redirect-gateway\"\n");
        client.ShouldContain("\npull-filter ignore \"dhcp-option\"\n");
        client.ShouldContain("\nroute 10.96.0.0 255.240.0.0\n");
        client.ShouldContain("\nverify-x509-name master name\n");
        OpenVpnFiles.For(plan.Node("scanner"), plan).ShouldBeEmpty();
    }

    [Fact]
    public void Names_for_the_office_point_to_what_the_office_reaches()
    {
        var plan = Networks.Plan($"{Spec}\nnames: {{grafana.lab: fpga-box, \"*.apps.lab\": master, fixed.lab: 10.1.2.3}}");

        Core.Overlay.NameFiles.Hosts(plan, "office").ShouldContain("192.168.1.20 grafana.lab\n");
        Core.Overlay.NameFiles.Hosts(plan, null).ShouldContain("172.27.224.2 grafana.lab\n");
        Core.Overlay.NameFiles.Dnsmasq(plan, "office").ShouldContain("address=/apps.lab/203.0.113.10\n");
        Core.Overlay.NameFiles.CoreDns(plan, null).ShouldContain("answer \"{{ .Name }} 60 IN A 172.27.224.1\"");
        Core.Overlay.NameFiles.CoreDns(plan, null).ShouldContain("fixed.lab:53 grafana.lab:53 {");
    }
}
