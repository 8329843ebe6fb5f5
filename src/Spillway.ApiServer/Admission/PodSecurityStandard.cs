using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Admission;

/// <summary>The checks of the baseline and restricted pod security standards, with the real server's words.</summary>
internal static class PodSecurityStandard
{
    private static readonly string[] BaselineCapabilities =
    [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
        "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    ];

    private static readonly string[] SafeSysctls =
    [
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem",
    ];

    private static readonly string[] RestrictedVolumes =
        ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected",
            "secret"];

    /// <summary>All violations joined, in order of the checks; empty for none.</summary>
    public static string Violations(JsonObject pod, bool restricted)
    {
        var spec = pod.Map("spec") ?? [];
        var found = new List<string>();
        Baseline(spec, found, restricted);
        if (restricted) Restricted(spec, found);
        return string.Join(", ", found);
    }

    private static void Baseline(JsonObject spec, List<string> found, bool restricted)
    {
        if (!restricted)
        {
            Each(found, "non-default capabilities", spec, c =>
                Capabilities(c, "add").Except(
                    BaselineCapabilities, StringComparer.Ordinal).ToArray() is { Length: > 0 } extra
                    ? extra
                    : null, (c, extra) => $"{c} must not include {Quote(extra)} in securityContext.capabilities.add");
        }

        Flag(spec, found, "hostNetwork", "hostPID", "hostIPC");
        HostPath(spec, found);
        Each(found, "privileged", spec, c => c.Map("securityContext")?.Flag("privileged") == true ? [""] : null,
            (c, _) => c + " must not set securityContext.privileged=true");
        Each(found, "hostPort", spec,
            HostPorts, (c, ports) => $"{c} uses hostPort{(ports.Length > 1 ? "s" : "")} {string.Join(", ", ports)}");
        if (!restricted) Seccomp(spec, found, restricted);
        var sysctls = (spec.Map("securityContext")?.Objects("sysctls") ?? [])
            .Select(s => s.Text("name") ?? "").Except(SafeSysctls, StringComparer.Ordinal).ToArray();
        if (sysctls.Length > 0) found.Add($"forbidden sysctls ({string.Join(", ", sysctls)})");
    }

    private static void Restricted(JsonObject spec, List<string> found)
    {
        var isWindows = spec.Map("os")?.Text("name") == "windows";
        if (!isWindows)
        {
            Each(found, "allowPrivilegeEscalation != false", spec,
                c => c.Map("securityContext")?["allowPrivilegeEscalation"]?.ToJsonString() == "false" ? null : [""],
                (c, _) => c + " must set securityContext.allowPrivilegeEscalation=false");
            UnrestrictedCapabilities(spec, found);
        }

        RestrictedVolumeTypes(spec, found);
        NonRoot(spec, found);
        if (spec.Map("securityContext")?.Number("runAsUser") == 0)
            found.Add("runAsUser=0 (pod must not set runAsUser=0)");
        Each(found, "runAsUser=0", spec, c => c.Map("securityContext")?.Number("runAsUser") == 0 ? [""] : null,
            (c, _) => c + " must not set runAsUser=0");
        Seccomp(spec, found, restricted: true);
    }

    private static void RestrictedVolumeTypes(JsonObject spec, List<string> found)
    {
        var volumes = spec.Objects("volumes")
            .Where(v => v.Count > 1 && !v.Any(p => RestrictedVolumes.Contains(p.Key)))
            .Select(v => (Name: v.Text("name") ?? "", Kind: v.First(p => p.Key != "name").Key)).ToArray();
        if (volumes.Length == 0) return;
        var kinds = volumes.Select(v => v.Kind).Distinct(StringComparer.Ordinal).ToArray();
        var who = (volumes.Length > 1 ? "volumes " : "volume ") + Quote([.. volumes.Select(v => v.Name)]);
        var verb = volumes.Length > 1 ? "use" : "uses";
        found.Add($"restricted volume types ({who} {verb} restricted volume type{(kinds.Length > 1 ? "s" : "")} {Quote(kinds)})");
    }

    private static void UnrestrictedCapabilities(JsonObject spec, List<string> found)
    {
        var undropped = Names(spec, c => !Capabilities(c, "drop").Contains("ALL"));
        var parts = new List<string>();
        if (undropped.Count > 0) parts.Add($"{Containers(undropped)} must set securityContext.capabilities.drop=[\"ALL\"]");
        var added = Names(spec, c => Capabilities(c, "add").Any(a => a != "NET_BIND_SERVICE"));
        if (added.Count > 0)
        {
            var all = All(spec).SelectMany(c => Capabilities(c, "add")).Where(a => a != "NET_BIND_SERVICE")
                .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
            parts.Add($"{Containers(added)} must not include {Quote(all)} in securityContext.capabilities.add");
        }

        if (parts.Count > 0) found.Add($"unrestricted capabilities ({string.Join("; ", parts)})");
    }

    private static void NonRoot(JsonObject spec, List<string> found)
    {
        const string field = "runAsNonRoot";
        var onPod = spec.Map("securityContext")?[field]?.ToJsonString();
        var explicitly = Names(spec, c => c.Map("securityContext")?[field]?.ToJsonString() == "false");
        var implicitly = Names(spec, c => c.Map("securityContext")?[field] is null);
        if (onPod == "false" || explicitly.Count > 0)
        {
            var who = new List<string>();
            if (onPod == "false") who.Add("pod");
            if (explicitly.Count > 0) who.Add(Containers(explicitly));
            found.Add(
                $"runAsNonRoot != true ({string.Join(" and ", who)} must not set securityContext.runAsNonRoot=false)");
        }
        else if (onPod != "true" && implicitly.Count > 0)
        {
            found.Add($"runAsNonRoot != true (pod or {Containers(implicitly)} must set securityContext.runAsNonRoot=true)");
        }
    }

    private static void Seccomp(JsonObject spec, List<string> found, bool restricted)
    {
        static string? Profile(JsonObject? holder) =>
            holder?.Map("securityContext")?.Map("seccompProfile")?.Text("type");
        var bad = Names(spec, c => Profile(c) is { } p && p is not ("RuntimeDefault" or "Localhost"));
        var onPod = Profile(spec);
        var podIsBad = onPod is not null and not ("RuntimeDefault" or "Localhost");
        if (podIsBad || bad.Count > 0)
        {
            var who = new List<string>();
            if (podIsBad) who.Add("pod");
            if (bad.Count > 0) who.Add(Containers(bad));
            found.Add($"seccompProfile ({string.Join(" and ", who)} must not set securityContext.seccompProfile.type to \"Unconfined\")");
            return;
        }

        var unset = Names(spec, c => Profile(c) is null);
        if (!restricted || onPod is not null || unset.Count == 0 || spec.Map("os")?.Text("name") == "windows") return;
        found.Add($"seccompProfile (pod or {Containers(unset)} must set securityContext.seccompProfile.type to "
            + "\"RuntimeDefault\" or \"Localhost\")");
    }

    private static void HostPath(JsonObject spec, List<string> found)
    {
        var names =
            spec.Objects("volumes").Where(v => v.ContainsKey("hostPath")).Select(v => v.Text("name") ?? "").ToArray();
        if (names.Length > 0)
            found.Add($"hostPath volumes ({(names.Length > 1 ? "volumes" : "volume")} {Quote(names)})");
    }

    private static void Flag(JsonObject spec, List<string> found, params string[] fields)
    {
        var set = fields.Where(spec.Flag).ToArray();
        if (set.Length > 0) found.Add($"host namespaces ({string.Join(", ", set.Select(f => f + "=true"))})");
    }

    private static string[]? HostPorts(JsonObject container)
    {
        var ports = container.Objects("ports").Where(p => p.Number("hostPort") is > 0)
            .Select(p => p.Number("hostPort")!.Value.ToString(
                System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        return ports.Length == 0 ? null : ports;
    }

    /// <summary>One violation for all containers that have it; <paramref name="bad"/> is null for a good container.</summary>
    private static void Each(
        List<string> found, string what, JsonObject spec, Func<JsonObject, string[]?> bad, Func<string, string[],
            string> say)
    {
        var names = new List<string>();
        var details = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var container in All(spec))
        {
            if (bad(container) is not { } values) continue;
            names.Add(container.Text("name") ?? "");
            details.UnionWith(values);
        }

        if (names.Count > 0) found.Add($"{what} ({say(Containers(names), [.. details])})");
    }

    private static IEnumerable<JsonObject> All(JsonObject spec) =>
        spec.Objects("initContainers").Concat(spec.Objects("containers")).Concat(spec.Objects("ephemeralContainers"));

    private static List<string> Names(JsonObject spec, Func<JsonObject, bool> which) =>
        [.. All(spec).Where(which).Select(c => c.Text("name") ?? "")];

    private static string[] Capabilities(JsonObject container, string field) =>
        container.Map("securityContext")?.Map("capabilities")?.Texts(field) ?? [];

    private static string Containers(List<string> names) =>
        (names.Count > 1 ? "containers " : "container ") + Quote([.. names]);

    private static string Quote(string[] names) => string.Join(", ", names.Select(n => $"\"{n}\""));
}
