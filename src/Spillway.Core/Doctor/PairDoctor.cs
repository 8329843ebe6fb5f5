using Spillway.Core.Overlay;
using Spillway.Core.Quantities;

namespace Spillway.Core.Doctor;

/// <summary>Finds which layer between two machines is broken, from what was seen on them.</summary>
public sealed class PairDoctor(
    OverlayPlan plan, IReadOnlyDictionary<string, HostReport> reports, IReadOnlyDictionary<string, NodeReport>? nodes)
{
    /// <summary>WireGuard shakes hands anew every two minutes while packets flow, and gives keys up after three.</summary>
    public const int FreshHandshakeSeconds = 180;

    /// <summary>The probe knows the largest packet to eight bytes.</summary>
    private const int MtuStep = 8;

    public Diagnosis Judge(string from, string to)
    {
        var ends = new Ends(plan, reports, plan.Find(from)!, plan.Find(to)!);
        var findings = new List<Finding> { Underlay(ends) };
        if (findings[0].Health == Health.Good)
        {
            if (ends.IsTunnelled)
                findings.AddRange([Route(ends), AllowedIps(ends), Handshake(ends), Port(ends)]);
            findings.AddRange([Forwarding(ends), ReversePath(ends), Mtu(ends)]);
            findings.AddRange(ServiceDoctor.Judge(ends, nodes));
        }

        return new Diagnosis(from, to, findings);
    }

    private static Finding Underlay(Ends ends)
    {
        foreach (var report in new[] { ends.Here, ends.There })
        {
            if (report.Unreachable is { } why)
                return ends.Broken(Layer.Underlay, $"{report.Name} does not answer: {why}",
                    $"mend the way to it: ssh has to reach {report.Name} before anything else can be seen");
        }

        return ends.Good(Layer.Underlay, "both answer");
    }

    private Finding Route(Ends ends)
    {
        if (ends.Here.TunnelMtu is null || !ends.Here.HasAddress)
            return ends.Broken(Layer.Route, ends.Here.TunnelMtu is null
                    ? $"{ends.From.Name} has no interface {plan.Device}"
                    : $"{plan.Device} of {ends.From.Name} has not the address {ends.From.OverlayAddress}",
                $"on {ends.From.Name}: systemctl restart wg-quick@{plan.Device}; systemctl status says why it fell");
        var leaves = ends.Here.Routes.GetValueOrDefault($"{ends.To.NodeIp}", "");
        return leaves == plan.Device
            ? ends.Good(Layer.Route, $"packets to {ends.To.NodeIp} leave by {plan.Device}")
            : ends.Broken(Layer.Route,
                $"on {ends.From.Name} packets to {ends.To.NodeIp} leave by {(leaves.Length == 0 ? "nothing" : leaves)}, not by {plan.Device}",
                $"on {ends.From.Name}: ip route show to match {ends.To.NodeIp}; then ip route del what is in the way");
    }

    private static Finding AllowedIps(Ends ends)
    {
        if (ends.Planned is not { } planned || ends.Set is not { } set)
            return ends.NotSeen(Layer.AllowedIps, ends.Planned is null
                ? $"the plan has no way from {ends.From.Name} to {ends.To.Name}"
                : $"{ends.From.Name} knows no such peer");
        var missing = planned.AllowedIps.Where(range => !set.AllowedIps.Contains(range.ToString())).ToList();
        return missing.Count == 0
            ? ends.Good(Layer.AllowedIps, string.Join(", ", set.AllowedIps))
            : ends.Broken(Layer.AllowedIps,
                $"{ends.From.Name} lets only {(set.AllowedIps.Count == 0 ? "nothing" : string.Join(", ", set.AllowedIps))} "
                + $"through its tunnel to {planned.Machine}; {string.Join(", ", missing)} is missing",
                "spillway up writes them as the plan has them");
    }

    private static Finding Handshake(Ends ends)
    {
        if (ends.Planned is not { } planned)
            return ends.NotSeen(Layer.Handshake, "no tunnel is planned here");
        if (ends.Set is null)
            return ends.Broken(Layer.Handshake, $"{ends.From.Name} has no peer for {planned.Machine}",
                "spillway up adds it");
        if (ends.Next.PublicKey.Length > 0 && ends.Set.Key != ends.Next.PublicKey)
            return ends.Broken(Layer.Handshake,
                $"{ends.From.Name} knows {planned.Machine} by the key {ends.Set.Key}, but its key is {ends.Next.PublicKey}",
                "spillway up writes the right key");
        if (ends.Here.PublicKey.Length > 0 && ends.Next.Peers.All(peer => peer.Key != ends.Here.PublicKey))
            return ends.Broken(Layer.Handshake, $"{planned.Machine} does not know the key of {ends.From.Name}, {ends.Here.PublicKey}",
                "spillway up writes the right key");
        return ends.Set.HandshakeAge is { } age && age <= FreshHandshakeSeconds
            ? ends.Good(Layer.Handshake, $"{age} s ago")
            : ends.NotSeen(Layer.Handshake, ends.Set.HandshakeAge is { } old
                ? $"{old} s ago, though packets were sent just now, and the keys agree"
                : "never, though the keys agree");
    }

    // What is left when the keys, the ranges and the filters are right and nothing comes back.
    private Finding Port(Ends ends)
    {
        if (ends.Ping.Answered)
            return ends.Good(Layer.Port, $"{ends.To.NodeIp} answers through the tunnel");
        var back = ends.Reversed(reports);
        foreach (var cause in new[] { Route(ends), AllowedIps(ends), Handshake(ends), Route(back), AllowedIps(back),
            Handshake(back) })
        {
            if (cause.Health == Health.Broken)
                return ends.NotSeen(Layer.Port, $"{ends.To.NodeIp} does not answer, which the "
                    + $"{LayerNames.Of(cause.Layer)} from {cause.From} to {cause.To} explain");
        }

        if (ends.Set is null || ends.Planned is null
            || (ends.Relay is not null && ends.Set.HandshakeAge <= FreshHandshakeSeconds))
            return ends.NotSeen(Layer.Port, $"{ends.To.NodeIp} does not answer");
        if (ends.IsStrict(ends.Here) || ends.IsStrict(ends.There))
            return ends.NotSeen(Layer.Port, $"{ends.To.NodeIp} does not answer, which rp_filter explains");
        var endpoint = ends.Planned.Endpoint?.Host;
        var outer = endpoint is null ? "" : ends.Here.OuterAnswers.Contains(endpoint)
            ? $"; {endpoint} itself answers pings" : $"; {endpoint} does not answer pings either";
        var port = ends.Set.Endpoint.Length > 0 ? ends.Set.Endpoint : $"{ends.Next.ListenPort}/udp";
        return ends.Broken(Layer.Port,
            $"the keys agree, {ends.From.Name} has sent {ends.Set.Sent} bytes to {port} and got {ends.Set.Received}, "
            + $"and {ends.To.NodeIp} does not answer{outer}",
            $"let UDP to port {(ends.Next.ListenPort == 0 ? "of the tunnel" : ends.Next.ListenPort)} of {ends.Planned.Machine} "
            + "through: its firewall, the cloud's security group, the office's router");
    }

    private static Finding Forwarding(Ends ends)
    {
        var closed = ends.All.FirstOrDefault(report => report.Sysctls.GetValueOrDefault("ip_forward") == "0");
        return closed is null
            ? ends.Good(Layer.Forwarding, "on")
            : ends.Broken(Layer.Forwarding, $"net.ipv4.ip_forward is 0 on {closed.Name}: it passes on no packet of pods or peers",
                $"on {closed.Name}: sysctl -w net.ipv4.ip_forward=1; spillway up keeps it so");
    }

    private static Finding ReversePath(Ends ends)
    {
        var strict = ends.All.FirstOrDefault(ends.IsStrict);
        return strict is null
            ? ends.Good(Layer.ReversePath, "loose or off")
            : ends.Broken(Layer.ReversePath,
                $"rp_filter is strict on {strict.Name}: packets whose answer would leave by another interface are dropped",
                $"on {strict.Name}: sysctl -w net.ipv4.conf.all.rp_filter=2; spillway up keeps it so");
    }

    private Finding Mtu(Ends ends)
    {
        var wanted = plan.Mtu.Tunnel;
        if (ends.IsTunnelled && ends.Here.TunnelMtu is { } has && has != wanted)
            return ends.Broken(Layer.Mtu, $"{plan.Device} of {ends.From.Name} sends {has} bytes, the plan says {wanted}",
                $"on {ends.From.Name}: ip link set {plan.Device} mtu {wanted}; spillway up keeps it so");
        if (!ends.Ping.Answered)
            return ends.NotSeen(Layer.Mtu, "nothing answers, so sizes cannot be tried");
        if (ends.Ping.Largest >= wanted - MtuStep)
            return ends.Good(Layer.Mtu, $"{ends.Ping.Largest} bytes pass");
        var overhead = wanted == plan.Mtu.Path ? 0 : plan.Mtu.Path - wanted;
        return ends.Broken(Layer.Mtu,
            $"small packets to {ends.To.NodeIp} pass, but none over {ends.Ping.Largest} of {wanted} bytes, and nobody says so: "
            + "something on the way drops them silently",
            $"let ICMP 'fragmentation needed' through, or say what the line carries, sites: - {{name: {ends.From.Machine.Site}, "
            + $"mtu: {ends.Ping.Largest + overhead}}}, and run spillway up");
    }
}
