using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;

namespace Spillway.Core.Bootstrap;

/// <summary>What the system below the runtime has to be like.</summary>
internal static class HostSteps
{
    private const string Modules = "/etc/modules-load.d/spillway.conf";
    private const string Sysctls = "/etc/sysctl.d/90-spillway.conf";
    private const string SmtUnit = "/etc/systemd/system/spillway-smt.service";

    public static IEnumerable<BootstrapStep> For(OverlayNode node, OverlayPlan plan)
    {
        yield return Hostname(node.Name);
        yield return Tools(node.Machine.Os);
        yield return LoadModules(node, plan);
        yield return SetSysctls(node, plan);
        yield return SwapOff();
        yield return Time(node.Machine.Os);
        if (!node.Machine.Smt)
            yield return SmtOff();
    }

    private static BootstrapStep Hostname(string name) => BootstrapStep.Command("hostname",
        "the node is called so, and its kubelet's certificate is made out to this name",
        $"[ \"$(hostname)\" = {Shell.Quote(name)} ]",
        $"hostnamectl set-hostname {Shell.Quote(name)}");

    private static BootstrapStep Tools(OsFamily os) => BootstrapStep.Command("tools",
        "the other steps and the kubelet call them; they are the system's own packages",
        "for tool in curl nft conntrack socat ethtool; do command -v \"$tool\" >/dev/null || exit 1; done",
        os == OsFamily.Rhel
            ? Packages.Install(os, "ca-certificates", "curl", "nftables", "conntrack-tools", "socat", "ethtool")
            : Packages.Install(os, "ca-certificates", "curl", "nftables", "conntrack", "socat", "ethtool"));

    private static BootstrapStep LoadModules(OverlayNode node, OverlayPlan plan)
    {
        var modules = new List<string> { "overlay", "br_netfilter" };
        if (node.OverlayAddress is not null)
            modules.Add(plan.Cluster.Overlay.Kind == OverlayKind.WireGuard ? "wireguard" : "tun");
        // A kernel with a module built in has no file for modprobe, and wireguard-go does without one.
        var list = string.Join(' ', modules);
        return BootstrapStep.File("kernel modules",
            "containers need overlay and bridge filtering, and the tunnel its driver; the file keeps them after a reboot",
            new HostFile(Modules, "0644", string.Concat(modules.Select(module => module + "\n"))),
            $"for module in {list}; do\n"
            + "  modprobe \"$module\" || [ -d \"/sys/module/$module\" ] || echo \"no module $module\" >&2\ndone",
            "[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]");
    }

    private static BootstrapStep SetSysctls(OverlayNode node, OverlayPlan plan)
    {
        var ipv6 = plan.Cluster.Kubernetes.PodCidr.IsIpv6 || plan.Cluster.Overlay.Cidr.IsIpv6;
        var settings = new List<(string Key, string Value)>
        {
            ("net.bridge.bridge-nf-call-iptables", "1"), ("net.bridge.bridge-nf-call-ip6tables", "1"),
            ("net.ipv4.ip_forward", "1"),
        };
        if (ipv6)
            settings.Add(("net.ipv6.conf.all.forwarding", "1"));
        // Strict filtering drops what comes by another way than the answer would go: relays, gateways and pods do that.
        settings.AddRange([("net.ipv4.conf.all.rp_filter", "2"), ("net.ipv4.conf.default.rp_filter", "2")]);
        var check = string.Join(" && ", settings.Select(setting =>
            $"[ \"$(sysctl -n {setting.Key})\" = {setting.Value} ]"));
        return BootstrapStep.File("kernel settings",
            "packets of pods have to pass the host's filter and be forwarded; the file keeps it after a reboot",
            new HostFile(Sysctls, "0644", string.Concat(settings.Select(setting => $"{setting.Key} = {setting.Value}\n"))),
            $"sysctl -q -p {Sysctls}", check);
    }

    private static BootstrapStep SwapOff() => BootstrapStep.Command("swap",
        "the kubelet does not start with swap on, and limits on memory mean nothing with it",
        "[ -z \"$(swapon --noheadings --show)\" ] && ! grep -qE '^[^#].*[[:space:]]swap[[:space:]]' /etc/fstab",
        """
        swapoff -a
        [ -e /etc/fstab.before-spillway ] || cp -p /etc/fstab /etc/fstab.before-spillway
        sed -i -E 's/^([^#].*[[:space:]]swap[[:space:]].*)$/# spillway: \1/' /etc/fstab
        for unit in $(systemctl list-unit-files --type swap --no-legend | awk '$1 ~ /\.swap$/ { print $1 }'); do
          systemctl mask --now "$unit"
        done
        """,
        "sed -i 's/^# spillway: //' /etc/fstab\nswapon -a");

    private static BootstrapStep Time(OsFamily os) => BootstrapStep.Command("time",
        "certificates and tickets are refused by machines whose clocks differ",
        "[ \"$(timedatectl show -p NTP --value)\" = yes ]",
        Packages.Install(os, os == OsFamily.Rhel ? "chrony" : "systemd-timesyncd")
        // The daemon read its list of time services before the package came.
        + "\nsystemctl try-restart systemd-timedated.service\ntimedatectl set-ntp true");

    private static BootstrapStep SmtOff() => new("smt",
        "jobs are to have whole cores: sibling threads go offline, and before the kubelet counts CPUs, because its CPU "
        + "manager cannot cope with ones that vanish",
        "[ ! -e /sys/devices/system/cpu/smt/control ]"
        + " || grep -qE '^(off|forceoff|notsupported|notimplemented)$' /sys/devices/system/cpu/smt/control",
        [
            new HostFile(SmtUnit, "0644", """
                [Unit]
                Description=Take sibling threads offline before the kubelet counts CPUs
                DefaultDependencies=no
                After=sysinit.target
                Before=kubelet.service rke2-server.service rke2-agent.service k3s.service k3s-agent.service

                [Service]
                Type=oneshot
                RemainAfterExit=yes
                ExecStart=/bin/sh -c 'echo off > /sys/devices/system/cpu/smt/control'
                ExecStop=/bin/sh -c 'echo on > /sys/devices/system/cpu/smt/control'

                [Install]
                WantedBy=multi-user.target

                """.ReplaceLineEndings("\n")),
        ],
        "systemctl daemon-reload\nsystemctl enable --now spillway-smt.service",
        $"systemctl disable --now spillway-smt.service\nrm -f {SmtUnit}\nsystemctl daemon-reload");
}
