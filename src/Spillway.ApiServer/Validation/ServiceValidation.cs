using System.Net;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Validation;

/// <summary>Checks services and ingresses.</summary>
internal static class ServiceValidation
{
    public static void Service(JsonObject item, JsonObject? old, Complaints to)
    {
        var spec = item.Map("spec") ?? [];
        var type = spec.Text("type") ?? "";
        var headless = spec.Text("clusterIP") == "None";
        if (spec.List("ports") is not { Count: > 0 } && !headless && type != "ExternalName") to.Required("spec.ports");
        if (type == "LoadBalancer" && headless)
            to.Invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for LoadBalancer services");
        if (type == "NodePort" && headless)
            to.Invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for NodePort services");
        if (type == "ExternalName") ExternalName(spec, to);
        Ports(spec, type, to);
        MetadataValidation.Labels(spec.Map("selector"), "spec.selector", to);
        if (spec.Text("sessionAffinity") is not { Length: > 0 } affinity) to.Required("spec.sessionAffinity");
        else to.OneOf("spec.sessionAffinity", affinity, "ClientIP", "None");
        if (spec.Map("sessionAffinityConfig")?.Map("clientIP")?.Number("timeoutSeconds") is <= 0 or > 86400)
            to.Invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds",
                spec["sessionAffinityConfig"]!["clientIP"]!["timeoutSeconds"]!.DeepClone(),
                    "must be greater than 0 and less than 86400");
        ClusterIps(spec, to);
        var i = -1;
        foreach (var ip in spec.Texts("externalIPs"))
        {
            i++;
            if (!IPAddress.TryParse(ip, out _))
                to.Invalid($"spec.externalIPs[{i}]", ip, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
        }
        if (type.Length == 0) to.Required("spec.type");
        else to.OneOf("spec.type", type, "ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
        if (old?.Map("spec") is { } before) Change(spec, before, to);
    }

    public static void Ingress(JsonObject item, JsonObject? old, Complaints to)
    {
        var spec = item.Map("spec") ?? [];
        var rules = spec.Objects("rules").ToList();
        if (rules.Count == 0 && spec["defaultBackend"] is null)
            to.Invalid("spec", InternalForm.Of("IngressSpec", spec), "either `defaultBackend` or `rules` must be specified");
        if (spec.Map("defaultBackend") is { } fallback) Backend(fallback, "spec.defaultBackend", to);
        for (var i = 0; i < rules.Count; i++)
        {
            var at = $"spec.rules[{i}]";
            if (rules[i].Text("host") is { Length: > 0 } host && !host.StartsWith("*.", StringComparison.Ordinal))
                to.Invalid(at + ".host", host, Names.DnsSubdomain(host));
            if (rules[i].Map("http") is not { } http) continue;
            var paths = http.Objects("paths").ToList();
            if (paths.Count == 0) to.Required(at + ".http.paths");
            for (var p = 0; p < paths.Count; p++) Path(paths[p], $"{at}.http.paths[{p}]", to);
        }
        if (spec.Text("ingressClassName") is { } name)
            to.Invalid("spec.ingressClassName", name, Names.DnsSubdomain(name));
    }

    private static void Path(JsonObject path, string at, Complaints to)
    {
        var text = path.Text("path") ?? "";
        switch (path.Text("pathType"))
        {
            case null: to.Required(at + ".pathType", "pathType must be specified"); break;
            case "Exact" or "Prefix":
                if (!text.StartsWith('/')) to.Invalid(at + ".path", text, "must be an absolute path");
                break;
            case "ImplementationSpecific":
                if (text.Length > 0 && text[0] != '/') to.Invalid(at + ".path", text, "must be an absolute path");
                break;
            case var type: to.OneOf(at + ".pathType", type, "Exact", "ImplementationSpecific", "Prefix"); break;
        }
        Backend(path.Map("backend") ?? [], at + ".backend", to);
    }

    private static void Backend(JsonObject backend, string at, Complaints to)
    {
        var service = backend.Map("service");
        var resource = backend.Map("resource");
        if (service is not null && resource is not null)
            to.Invalid(at, "", "cannot set both resource and service backends");
        else if (resource is not null) return;
        else if (service is null) to.Invalid(at, "", "resource or service backend is required");
        else
        {
            if (service.Text("name") is not { Length: > 0 } name) to.Required(at + ".service.name");
            else to.Invalid(at + ".service.name", name, Names.DnsLabel1035(name));
            var port = service.Map("port");
            if (port?.Text("name") is { Length: > 0 } named)
                to.Invalid(at + ".service.port.name", named, Names.PortName(named));
            else if (port?.Number("number") is { } number) ContainerValidation.PortNumber(number, at + ".service.port.number", to);
            else to.Required(at, "port name or number is required");
        }
    }

    private static void ExternalName(JsonObject spec, Complaints to)
    {
        var name = (spec.Text("externalName") ?? "").TrimEnd('.');
        if (name.Length == 0) to.Required("spec.externalName");
        else to.Invalid("spec.externalName", name, Names.DnsSubdomain(name));
    }

    private static void Ports(JsonObject spec, string type, Complaints to)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var numbers = new HashSet<string>(StringComparer.Ordinal);
        var ports = spec.Objects("ports").ToList();
        for (var i = 0; i < ports.Count; i++)
        {
            var at = $"spec.ports[{i}]";
            var port = ports[i];
            var name = port.Text("name") ?? "";
            if (name.Length == 0)
            {
                if (ports.Count > 1) to.Required(at + ".name");
            }
            else
            {
                to.Invalid(at + ".name", name, Names.DnsLabel(name));
                if (!names.Add(name)) to.Duplicate(at + ".name", name);
            }
            ContainerValidation.PortNumber(port.Number("port") ?? 0, at + ".port", to);
            if (port.Text("protocol") is not { Length: > 0 } protocol) to.Required(at + ".protocol");
            else to.OneOf(at + ".protocol", protocol, "SCTP", "TCP", "UDP");
            if (port["targetPort"] is { } target) ContainerValidation.PortOrName(target, at + ".targetPort", to);
            if (type is "ClusterIP" or "ExternalName" && port.Number("nodePort") is { } node and not 0)
                to.Forbidden(at + ".nodePort", $"may not be used when `type` is '{type}'");
            if (!numbers.Add($"{port.Text("protocol")}/{port.Number("port")}"))
                to.Errors.Add(FieldError.Duplicate(at, InternalForm.Of("ServicePort", new JsonObject
                {
                    ["protocol"] = port["protocol"]?.DeepClone(), ["port"] = port["port"]?.DeepClone(),
                })));
        }
    }

    private static void ClusterIps(JsonObject spec, Complaints to)
    {
        var i = -1;
        foreach (var ip in spec.Texts("clusterIPs"))
        {
            i++;
            if (ip != "None" && !IPAddress.TryParse(ip, out _))
                to.Invalid($"spec.clusterIPs[{i}]", ip, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
        }
    }

    // The address is given once, unless the service becomes or was a name only.
    private static void Change(JsonObject spec, JsonObject old, Complaints to)
    {
        if (spec.Text("type") == "ExternalName" || old.Text("type") == "ExternalName") return;
        var (now, before) = (spec.Text("clusterIP") ?? "", old.Text("clusterIP") ?? "");
        if (before.Length > 0 && now != before)
            to.Invalid("spec.clusterIPs[0]", spec["clusterIPs"]?.DeepClone(), now.Length == 0
                ? "primary clusterIP can not be unset" : "may not change once set");
    }
}
