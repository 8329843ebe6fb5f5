using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Validation;

/// <summary>Checks containers: names, images, ports, variables, mounts, amounts and probes.</summary>
internal static class ContainerValidation
{
    public static void Containers(JsonObject spec, string path, HashSet<string> volumes, Complaints to)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var containers = spec.Objects("containers").ToList();
        if (containers.Count == 0) to.Required(path + ".containers");
        for (var i = 0; i < containers.Count; i++)
        {
            var at = $"{path}.containers[{i}]";
            Common(containers[i], at, volumes, to);
            Unique(containers[i], at, names, to);
            Lifecycle(containers[i], at, to);
            Probes(containers[i], at, to);
        }
        HostPorts(containers, path + ".containers", to);
        var inits = spec.Objects("initContainers").ToList();
        for (var i = 0; i < inits.Count; i++) Init(inits[i], $"{path}.initContainers[{i}]", volumes, names, to);
        var debuggers = spec.Objects("ephemeralContainers").ToList();
        for (var i = 0; i < debuggers.Count; i++)
        {
            var at = $"{path}.ephemeralContainers[{i}]";
            Common(debuggers[i], at, volumes, to);
            Unique(debuggers[i], at, names, to);
        }
    }

    /// <summary>Amounts by resource name; each must be a name of a resource, and not negative.</summary>
    public static void Amounts(JsonObject amounts, string path, Complaints to)
    {
        foreach (var (name, node) in amounts)
        {
            ResourceName(name, path, to);
            Amount(name, node, $"{path}[{name}]", to);
        }
    }

    public static void ResourceName(string name, string path, Complaints to)
    {
        var before = to.Errors.Count;
        to.Invalid(path, name, Names.QualifiedName(name));
        if (to.Errors.Count == before && !name.Contains('/') && !IsStandard(name))
            to.Invalid(path, name, "must be a standard resource type or fully qualified");
    }

    public static void Amount(string name, JsonNode? node, string path, Complaints to)
    {
        if (!Quantity.TryParse(node?.ToString() ?? "", out var amount)) return;
        if (amount.Sign < 0) to.Invalid(path, node!.ToString(), "must be greater than or equal to 0");
        else if (IsExtended(name) && !amount.IsInteger) to.Invalid(path, node!.ToString(), "must be an integer");
    }

    public static bool IsExtended(string name) =>
        name.Contains('/') && !name.StartsWith("requests.", StringComparison.Ordinal)
        && !name[..name.IndexOf('/')].EndsWith("kubernetes.io", StringComparison.Ordinal);

    private static bool IsStandard(string name) =>
        name is "cpu" or "memory" or "ephemeral-storage" or "storage" or "pods"
        || name.StartsWith("hugepages-", StringComparison.Ordinal);

    private static void Init(
        JsonObject container, string at, HashSet<string> volumes, HashSet<string> names, Complaints to)
    {
        Common(container, at, volumes, to);
        Unique(container, at, names, to);
        if (container.Text("restartPolicy") is { } policy)
        {
            to.OneOf(at + ".restartPolicy", policy, "Always", "Never", "OnFailure");
            if (policy == "Always")
            {
                Probes(container, at, to);
                return;
            }
        }
        if (container["lifecycle"] is not null)
            to.Forbidden(at + ".lifecycle", "may not be set for init containers without restartPolicy=Always");
        foreach (var probe in (string[])["livenessProbe", "readinessProbe", "startupProbe"])
            if (container[probe] is not null)
                to.Forbidden($"{at}.{probe}", "may not be set for init containers without restartPolicy=Always");
    }

    private static void Common(JsonObject container, string at, HashSet<string> volumes, Complaints to)
    {
        var name = container.Text("name") ?? "";
        if (name.Length == 0) to.Required(at + ".name");
        else to.Invalid(at + ".name", name, Names.DnsLabel(name));
        var image = container.Text("image") ?? "";
        if (image.Length == 0) to.Required(at + ".image");
        else if (image.Trim().Length != image.Length)
            to.Invalid(at + ".image", image, "must not have leading or trailing whitespace");
        to.OneOf(at + ".terminationMessagePolicy", container.Text("terminationMessagePolicy")
            ?? "", "File", "FallbackToLogsOnError");
        Ports(container, at, to);
        Variables(container, at, to);
        VolumeValidation.Mounts(container, at, volumes, to);
        if (container.Text("imagePullPolicy") is not { Length: > 0 } pull) to.Required(at + ".imagePullPolicy");
        else to.OneOf(at + ".imagePullPolicy", pull, "Always", "IfNotPresent", "Never");
        if (container.Map("resources") is { } resources) Resources(resources, at + ".resources", to);
        SecurityContext(container, at, to);
    }

    private static void Unique(JsonObject container, string at, HashSet<string> names, Complaints to)
    {
        var name = container.Text("name") ?? "";
        if (name.Length > 0 && !names.Add(name)) to.Duplicate(at + ".name", name);
    }

    private static void Ports(JsonObject container, string at, Complaints to)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var i = -1;
        foreach (var port in container.Objects("ports"))
        {
            var path = $"{at}.ports[{++i}]";
            if (port.Text("name") is { Length: > 0 } name)
            {
                var before = to.Errors.Count;
                to.Invalid(path + ".name", name, Names.PortName(name));
                if (to.Errors.Count == before && !names.Add(name)) to.Duplicate(path + ".name", name);
            }
            var number = port.Number("containerPort") ?? 0;
            if (number == 0) to.Required(path + ".containerPort");
            else PortNumber(number, path + ".containerPort", to);
            if (port.Number("hostPort") is { } host and not 0) PortNumber(host, path + ".hostPort", to);
            if (port.Text("protocol") is not { Length: > 0 } protocol) to.Required(path + ".protocol");
            else to.OneOf(path + ".protocol", protocol, "SCTP", "TCP", "UDP");
        }
    }

    public static void PortNumber(long number, string path, Complaints to)
    {
        if (number is < 1 or > 65535)
            to.Invalid(path, JsonValue.Create(number), "must be between 1 and 65535, inclusive");
    }

    private static void HostPorts(List<JsonObject> containers, string path, Complaints to)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        for (var c = 0; c < containers.Count; c++)
        {
            var p = -1;
            foreach (var port in containers[c].Objects("ports"))
            {
                p++;
                if (port.Number("hostPort") is not { } host || host == 0) continue;
                var key = $"{port.Text("protocol")}/{port.Text("hostIP")}/{host}";
                if (!taken.Add(key)) to.Duplicate($"{path}[{c}].ports[{p}].hostPort", key);
            }
        }
    }

    private static void Variables(JsonObject container, string at, Complaints to)
    {
        var i = -1;
        foreach (var variable in container.Objects("env"))
        {
            var path = $"{at}.env[{++i}]";
            var name = variable.Text("name") ?? "";
            if (name.Length == 0) to.Required(path + ".name");
            else to.Invalid(path + ".name", name, Names.VariableName(name));
            if (variable.Map("valueFrom") is { } from) ValueFrom(variable, from, path + ".valueFrom", to);
        }
        i = -1;
        foreach (var source in container.Objects("envFrom"))
        {
            var path = $"{at}.envFrom[{++i}]";
            if (source.Text("prefix") is { Length: > 0 } prefix)
                to.Invalid(path + ".prefix", prefix, Names.VariableName(prefix));
            var count = 0;
            foreach (var kind in (string[])["configMapRef", "secretRef"])
            {
                if (source.Map(kind) is not { } reference) continue;
                if (reference.Text("name") is not { Length: > 0 }) to.Required($"{path}.{kind}.name");
                if (++count > 1) to.Invalid(path, "", "may not have more than one field specified at a time");
            }
            if (count == 0) to.Invalid(path, "", "must specify one of: `configMapRef` or `secretRef`");
        }
    }

    private static void ValueFrom(JsonObject variable, JsonObject from, string path, Complaints to)
    {
        var sources = from.Count;
        if (from.Map("fieldRef") is { } field)
        {
            if (field.Text("apiVersion") is not { Length: > 0 }) to.Required(path + ".fieldRef.apiVersion");
            FieldPath(field.Text("fieldPath") ?? "", path + ".fieldRef.fieldPath", to);
        }
        foreach (var kind in (string[])["configMapKeyRef", "secretKeyRef"])
        {
            if (from.Map(kind) is not { } key) continue;
            if (key.Text("name") is not { Length: > 0 }) to.Required($"{path}.{kind}.name");
            if (key.Text("key") is not { Length: > 0 } entry) to.Required($"{path}.{kind}.key");
            else to.Invalid($"{path}.{kind}.key", entry, Names.ConfigKey(entry));
        }
        if (sources == 0)
            to.Invalid(path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
        else if (variable.Text("value") is { Length: > 0 })
            to.Invalid(path, "", "may not be specified when `value` is not empty");
        else if (sources > 1) to.Invalid(path, "", "may not have more than one field specified at a time");
    }

    private static void FieldPath(string value, string path, Complaints to)
    {
        if (value.Length == 0)
        {
            to.Required(path);
            return;
        }
        if (value.StartsWith("metadata.labels['", StringComparison.Ordinal)
            || value.StartsWith("metadata.annotations['", StringComparison.Ordinal)) return;
        string[] supported = ["metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName",
            "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"];
        to.OneOf(path, value, supported);
    }

    private static void Resources(JsonObject resources, string path, Complaints to)
    {
        var limits = resources.Map("limits") ?? [];
        var requests = resources.Map("requests") ?? [];
        foreach (var (name, node) in limits)
        {
            ResourceName(name, path + ".limits", to);
            Amount(name, node, $"{path}.limits[{name}]", to);
        }
        foreach (var (name, node) in requests)
        {
            ResourceName(name, path + ".requests", to);
            Amount(name, node, $"{path}.requests[{name}]", to);
            CompareWithLimit(name, node, limits, path + ".requests", to);
        }
    }

    private static void CompareWithLimit(string name, JsonNode? node, JsonObject limits, string path, Complaints to)
    {
        if (!Quantity.TryParse(node?.ToString() ?? "", out var request)) return;
        var strict = IsExtended(name) || name.StartsWith("hugepages-", StringComparison.Ordinal);
        if (limits[name]?.ToString() is not { } text || !Quantity.TryParse(text, out var limit))
        {
            if (strict)
                to.Required(path.Replace(".requests", ".limits"), "Limit must be set for non overcommitable resources");
            return;
        }
        if (strict && request != limit)
            to.Invalid(path, request.ToString(), $"must be equal to {name} limit of {limit}");
        else if (request > limit)
            to.Invalid(path, request.ToString(), $"must be less than or equal to {name} limit of {limit}");
    }

    private static void SecurityContext(JsonObject container, string at, Complaints to)
    {
        if (container.Map("securityContext") is not { } context) return;
        var path = at + ".securityContext";
        foreach (var field in (string[])["runAsUser", "runAsGroup"])
            if (context.Number(field) is < 0 or > int.MaxValue)
                to.Invalid(
                    $"{path}.{field}", context[field]!.DeepClone(), "must be between 0 and 2147483647, inclusive");
        if (context.Flag("privileged") && context["allowPrivilegeEscalation"] is not null
            && !context.Flag("allowPrivilegeEscalation"))
            to.Invalid(path, context.DeepClone(), "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
    }

    private static void Lifecycle(JsonObject container, string at, Complaints to)
    {
        if (container.Map("lifecycle") is not { } lifecycle) return;
        foreach (var hook in (string[])["postStart", "preStop"])
            if (lifecycle.Map(hook) is { } handler) Handler(handler, $"{at}.lifecycle.{hook}", to);
    }

    private static void Probes(JsonObject container, string at, Complaints to)
    {
        foreach (var kind in (string[])["livenessProbe", "readinessProbe", "startupProbe"])
        {
            if (container.Map(kind) is not { } probe) continue;
            var path = $"{at}.{kind}";
            Handler(probe, path, to);
            foreach (var field in (string[])["initialDelaySeconds", "timeoutSeconds", "periodSeconds",
                "successThreshold", "failureThreshold"])
                to.NonNegative($"{path}.{field}", probe.Number(field));
            if (kind != "readinessProbe" && probe.Number("successThreshold") is { } threshold and not 1 and not 0)
                to.Invalid(path + ".successThreshold", JsonValue.Create(threshold), "must be 1");
        }
    }

    private static void Handler(JsonObject handler, string path, Complaints to)
    {
        var count = 0;
        foreach (var kind in (string[])["exec", "httpGet", "tcpSocket", "grpc", "sleep"])
        {
            if (handler.Map(kind) is not { } action) continue;
            if (++count > 1)
            {
                to.Forbidden($"{path}.{kind}", "may not specify more than 1 handler type");
                continue;
            }
            if (kind == "exec" && action.List("command") is not { Count: > 0 }) to.Required(path + ".exec.command");
            if (kind == "httpGet" && action.Text("path") is not { Length: > 0 }) to.Required(path + ".httpGet.path");
            if (kind is "httpGet" or "tcpSocket") PortOrName(action["port"], $"{path}.{kind}.port", to);
            if (kind == "httpGet") to.OneOf(path + ".httpGet.scheme", action.Text("scheme") ?? "", "HTTP", "HTTPS");
        }
        if (count == 0) to.Required(path, "must specify a handler type");
    }

    public static void PortOrName(JsonNode? port, string path, Complaints to)
    {
        if (port.AsText() is { } name) to.Invalid(path, name, Names.PortName(name));
        else PortNumber(port.AsNumber() ?? 0, path, to);
    }
}
