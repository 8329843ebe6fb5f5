using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;
using Spillway.Core.Overlay.OpenVpn;
using Spillway.Core.Overlay.WireGuard;

namespace Spillway.Core.Bootstrap;

/// <summary>The tunnel as a unit that is looked after, and that the kubelet waits for.</summary>
internal static class TunnelSteps
{
    private const int SecondsToWait = 90;

    public static IEnumerable<BootstrapStep> For(OverlayNode node, OverlayPlan plan)
    {
        if (node.Gateway is not null)
            return [GatewayRoutes(node)];
        if (node.OverlayAddress is null)
            return [];
        return plan.Cluster.Overlay.Kind == OverlayKind.WireGuard ? WireGuard(node, plan) : OpenVpn(node, plan);
    }

    /// <summary>A drop-in that keeps a unit down until the node's address is there: a bounded time, and then it says why.</summary>
    public static HostFile WaitsForTunnel(string unit, OverlayNode node, OverlayPlan plan)
    {
        var tunnel = UnitOf(node, plan);
        var text = node.OverlayAddress is null ? "" : $"[Unit]\nRequires={tunnel}\nAfter={tunnel}\n\n";
        return new HostFile($"/etc/systemd/system/{unit}.d/10-spillway-tunnel.conf", "0644",
            $"{text}[Service]\nExecStartPre=/usr/local/lib/spillway/wait-for-address {node.NodeIp} {SecondsToWait}\n");
    }

    public static HostFile WaitScript => new("/usr/local/lib/spillway/wait-for-address", "0755", """
        #!/bin/sh
        # usage: wait-for-address ADDRESS SECONDS
        n=0
        while [ "$n" -lt "$2" ]; do
          ip -o addr show to "$1" up | grep -q . && exit 0
          n=$((n + 1))
          sleep 1
        done
        echo "no interface has $1 after $2 s: the tunnel is not up (systemctl status 'wg-quick@*' 'openvpn-*')" >&2
        exit 1

        """.ReplaceLineEndings("\n"));

    private static string UnitOf(OverlayNode node, OverlayPlan plan) =>
        plan.Cluster.Overlay.Kind == OverlayKind.WireGuard
            ? $"wg-quick@{plan.Device}.service"
            : OpenVpnFiles.UnitOf(node, plan);

    private static IEnumerable<BootstrapStep> WireGuard(OverlayNode node, OverlayPlan plan)
    {
        var os = node.Machine.Os;
        var device = plan.Device;
        var key = WireGuardFiles.PrivateKeyPath(device);
        var unit = UnitOf(node, plan);
        var config = $"{WireGuardFiles.Folder}/{device}.conf";
        yield return WireGuardPackages(os);
        yield return BootstrapStep.Command("tunnel key",
            "the machine makes its own key pair; the private half never leaves it",
            $"[ -s {key} ] && [ \"$(stat -c %a {key})\" = 600 ]",
            $"install -d -m 0700 {WireGuardFiles.Folder}\numask 077\n[ -s {key} ] || wg genkey > {key}.new\n"
            + $"[ -s {key} ] || mv {key}.new {key}\nchmod 600 {key}\nwg pubkey < {key} > {key}.pub");
        yield return new BootstrapStep("tunnel",
            $"{device} joins this machine to the overlay as {node.OverlayAddress}; peers change without cutting anything",
            $"systemctl is-active -q {unit} && ip -o addr show dev {device} | grep -qF ' {node.OverlayAddress}/'",
            [
                new HostFile(config, "0600", WireGuardFiles.For(node, plan)),
                new HostFile($"/etc/systemd/system/{unit}.d/10-spillway.conf", "0644",
                    "[Unit]\nStartLimitIntervalSec=0\n\n[Service]\nRestart=on-failure\nRestartSec=5\n"),
            ],
            $"""
            systemctl daemon-reload
            systemctl enable {unit}
            if systemctl is-active -q {unit} && ip -o addr show dev {device} | grep -qF ' {node.OverlayAddress}/'; then
              umask 077
              # Without the key in it syncconf would take it away, and every session with it.
              (printf '[Interface]\nPrivateKey = '; cat {key}; wg-quick strip {device}) > /run/spillway-{device}.conf
              wg syncconf {device} /run/spillway-{device}.conf
              ip link set dev {device} mtu {plan.Mtu.Tunnel}
              rm -f /run/spillway-{device}.conf
            else
              systemctl restart {unit}
            fi
            """,
            $"systemctl disable --now {unit}\nrm -f {config}\nrm -rf /etc/systemd/system/{unit}.d\n"
            + "systemctl daemon-reload");
    }

    // wg-quick falls back to wireguard-go by itself. RHEL-like kernels all have the module, and no such package.
    private static BootstrapStep WireGuardPackages(OsFamily os)
    {
        const string hasModule = "[ -d /sys/module/wireguard ]";
        return os == OsFamily.Rhel
            ? BootstrapStep.Command("tunnel packages", "wg and wg-quick, from the system's own packages",
                "command -v wg-quick >/dev/null", Packages.Install(os, "wireguard-tools"))
            : BootstrapStep.Command("tunnel packages",
                "wg and wg-quick, from the system's own packages; wireguard-go where the kernel has no WireGuard",
                $"command -v wg-quick >/dev/null && {{ {hasModule} || command -v wireguard-go >/dev/null; }}",
                $"{Packages.Install(os, "wireguard-tools")}\n"
                + $"{hasModule} || apt-get install -y -q --no-install-recommends wireguard-go");
    }

    private static IEnumerable<BootstrapStep> OpenVpn(OverlayNode node, OverlayPlan plan)
    {
        var unit = OpenVpnFiles.UnitOf(node, plan);
        var folder = OpenVpnFiles.FolderOf(node, plan);
        yield return BootstrapStep.Command("tunnel packages", "OpenVPN, from the system's own packages",
            "command -v openvpn >/dev/null", Packages.Install(node.Machine.Os, "openvpn", "openssl"));
        yield return BootstrapStep.Command("tunnel key",
            "the machine makes its own key and asks for a certificate; the key never leaves it",
            $"[ -s {folder}/{node.Name}.key ] && [ -s {folder}/{node.Name}.csr ]",
            $"umask 077\nopenssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
            + $"-subj {Shell.Quote($"/CN={node.Name}")} -keyout {folder}/{node.Name}.key -out {folder}/{node.Name}.csr");
        yield return BootstrapStep.Command("tunnel certificate",
            "the cluster's own authority answers the request; without it nobody is let in",
            $"[ -s {folder}/{node.Name}.crt ] && [ -s {folder}/ca.crt ] && [ -s {folder}/tls-crypt.key ]",
            $"echo 'sign {folder}/{node.Name}.csr and bring {node.Name}.crt, ca.crt and tls-crypt.key' >&2\nexit 1");
        yield return new BootstrapStep("tunnel",
            $"{plan.Device} joins this machine to the overlay as {node.OverlayAddress}",
            $"systemctl is-active -q {unit} && ip -o addr show dev {plan.Device} | grep -qF ' {node.OverlayAddress}/'",
            [
                .. OpenVpnFiles.For(node, plan),
                new HostFile($"/etc/systemd/system/{unit}.d/10-spillway.conf", "0644",
                    "[Unit]\nStartLimitIntervalSec=0\n\n[Service]\nRestart=always\nRestartSec=5\n"),
            ],
            $"systemctl daemon-reload\nsystemctl enable {unit}\nsystemctl restart {unit}",
            $"systemctl disable --now {unit}\nrm -f {folder}/spillway.conf\nrm -rf /etc/systemd/system/{unit}.d");
    }

    private static BootstrapStep GatewayRoutes(OverlayNode node)
    {
        const string unit = "/etc/systemd/system/spillway-routes.service";
        var commands = node.Routes.Select(route => $"ExecStart=/usr/sbin/ip route replace {route.To} via {route.Via}\n");
        return new BootstrapStep("routes", $"{node.Gateway} has the tunnel for this site",
            string.Join(" && ", node.Routes.Select(route => $"ip route show {route.To} | grep -qF 'via {route.Via} '")),
            [
                new HostFile(unit, "0644", "[Unit]\nDescription=Routes to the overlay through the site's gateway\n"
                    + "Wants=network-online.target\nAfter=network-online.target\n\n[Service]\nType=oneshot\n"
                    + $"RemainAfterExit=yes\n{string.Concat(commands)}\n[Install]\nWantedBy=multi-user.target\n"),
            ],
            "systemctl daemon-reload\nsystemctl enable spillway-routes.service\nsystemctl restart spillway-routes.service",
            $"systemctl disable --now spillway-routes.service\nrm -f {unit}\nsystemctl daemon-reload");
    }
}
