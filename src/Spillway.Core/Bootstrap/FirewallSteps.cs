using System.Text;
using Spillway.Core.Overlay;

namespace Spillway.Core.Bootstrap;

/// <summary>Opens what others need in whatever firewall the host has, and closes what only nodes may use.</summary>
internal static class FirewallSteps
{
    private const string Rules = "/etc/spillway/firewall.nft";
    private const string Unit = "/etc/systemd/system/spillway-firewall.service";

    public static BootstrapStep For(OverlayNode node, OverlayPlan plan)
    {
        var opened = new StringBuilder();
        opened.Append("if command -v ufw >/dev/null && ufw status | grep -q '^Status: active'; then\n");
        foreach (var rule in node.Firewall)
        {
            foreach (var from in rule.From.Count == 0 ? ["any"] : rule.From.Select(range => range.ToString()))
                opened.Append($"  ufw allow proto {rule.Protocol} from {from} to any port "
                    + $"{rule.Ports.Replace('-', ':')} comment spillway\n");
        }

        opened.Append("elif command -v firewall-cmd >/dev/null && firewall-cmd --state -q; then\n");
        if (plan.Device.Length > 0 && node.OverlayAddress is not null)
            opened.Append($"  firewall-cmd -q --permanent --zone=trusted --add-interface={plan.Device}\n");
        foreach (var rule in node.Firewall)
            opened.Append(Firewalld(rule));
        opened.Append("  firewall-cmd -q --reload\nfi");
        return new BootstrapStep("firewall",
            "others need these ports, and those that trust their callers must not be open to the world",
            "systemctl is-active -q spillway-firewall.service && nft list table inet spillway >/dev/null 2>&1",
            [
                new HostFile(Rules, "0644", Table(node)),
                new HostFile(Unit, "0644", $"""
                    [Unit]
                    Description=Close the ports of the cluster to everybody else
                    DefaultDependencies=no
                    After=sysinit.target nftables.service
                    Before=network-pre.target
                    Wants=network-pre.target

                    [Service]
                    Type=oneshot
                    RemainAfterExit=yes
                    ExecStart=/usr/sbin/nft -f {Rules}
                    ExecReload=/usr/sbin/nft -f {Rules}
                    ExecStop=/usr/sbin/nft delete table inet spillway

                    [Install]
                    WantedBy=multi-user.target

                    """.ReplaceLineEndings("\n")),
            ],
            $"systemctl daemon-reload\nsystemctl enable spillway-firewall.service\n"
            + $"systemctl restart spillway-firewall.service\n{opened}",
            $"systemctl disable --now spillway-firewall.service\nrm -f {Rules} {Unit}\nsystemctl daemon-reload");
    }

    // A table of its own beside whatever the host has: it only drops, so that it opens nothing that others closed.
    private static string Table(OverlayNode node)
    {
        var text = new StringBuilder("#!/usr/sbin/nft -f\n# written by spillway, changes get lost\n");
        text.Append("add table inet spillway\ndelete table inet spillway\n");
        text.Append("table inet spillway {\n  chain input {\n    type filter hook input priority -5; policy accept;\n");
        text.Append("    iifname \"lo\" accept\n    ct state established,related accept\n");
        foreach (var rule in node.Firewall.Where(rule => rule.OthersRefused))
        {
            text.Append($"    # {rule.Why}\n");
            foreach (var ipv6 in new[] { false, true })
            {
                var family = ipv6 ? "ip6" : "ip";
                var from = rule.From.Where(range => range.IsIpv6 == ipv6).ToList();
                text.Append(from.Count == 0
                    ? $"    meta nfproto {(ipv6 ? "ipv6" : "ipv4")} {rule.Protocol} dport {rule.Ports} drop\n"
                    : $"    {family} saddr != {{ {string.Join(", ", from)} }} {rule.Protocol} dport {rule.Ports} drop\n");
            }
        }

        return text.Append("  }\n}\n").ToString();
    }

    private static string Firewalld(FirewallRule rule)
    {
        if (rule.From.Count == 0)
            return $"  firewall-cmd -q --permanent --add-port={rule.Ports}/{rule.Protocol}\n";
        return string.Concat(rule.From.Select(range =>
            $"  firewall-cmd -q --permanent --add-rich-rule='rule family=\"{(range.IsIpv6 ? "ipv6" : "ipv4")}\" "
            + $"source address=\"{range}\" port port=\"{rule.Ports}\" protocol=\"{rule.Protocol}\" accept'\n"));
    }
}
