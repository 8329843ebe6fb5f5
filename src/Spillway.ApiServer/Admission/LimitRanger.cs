using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Admission;

/// <summary>Limit ranges: defaults for containers that name no resources, and bounds for those that do.</summary>
internal sealed class LimitRanger(ClusterReads cluster)
{
    public ValueTask Admit(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.Is("", "pods") || request.Operation != AdmissionOperation.Create || request.Object is not { } pod)
            return ValueTask.CompletedTask;
        foreach (var range in cluster.List("", "limitranges", request.Namespace)) AddDefaults(pod, range);
        return ValueTask.CompletedTask;
    }

    public ValueTask Validate(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var isPod = request.Is("", "pods");
        // Containers of a pod cannot change, so only new pods are looked at.
        if (!request.IsWrite || (isPod
            && request.Operation != AdmissionOperation.Create)) return ValueTask.CompletedTask;
        if (!isPod && !request.Is("", "persistentvolumeclaims")) return ValueTask.CompletedTask;
        foreach (var range in cluster.List("", "limitranges", request.Namespace))
        {
            var errors = new List<string>();
            foreach (var limit in range.Map("spec")?.Objects("limits") ?? [])
            {
                if (isPod) CheckPod(request.Object!, limit, errors);
                else if (limit.Text("type") == "PersistentVolumeClaim") CheckClaim(request.Object!, limit, errors);
            }

            if (errors.Count == 1) throw request.Forbidden(errors[0]);
            if (errors.Count > 1) throw request.Forbidden("[" + string.Join(", ", errors) + "]");
        }

        return ValueTask.CompletedTask;
    }

    private static void AddDefaults(JsonObject pod, JsonObject range)
    {
        var requests = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var limits = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var limit in range.Map("spec")?.Objects("limits") ?? [])
        {
            if (limit.Text("type") != "Container") continue;
            // As a stored range has it: the default is the maximum, the default request the default, else the minimum.
            Merge(limits, limit, "default", "max");
            Merge(requests, limit, "defaultRequest", "default", "max", "min");
        }

        var notes = new List<string>();
        var spec = pod.Ensure("spec");
        foreach (var container in spec.Objects("containers")) Fill(container, requests, limits, "container", notes);
        foreach (var container in spec.Objects("initContainers")) Fill(container, requests, limits, "init container",
            notes);
        if (notes.Count == 0) return;
        pod.Ensure("metadata").Ensure("annotations")["kubernetes.io/limit-ranger"] =
            "LimitRanger plugin set: " + string.Join("; ", notes);
    }

    private static void Merge(SortedDictionary<string, string> into, JsonObject limit, params string[] fields)
    {
        foreach (var field in fields)
        {
            foreach (var (name, value) in limit.Map(field) ?? [])
            {
                if (value.AsText() is { } text) into.TryAdd(name, text);
            }
        }
    }

    private static void Fill(
        JsonObject container, SortedDictionary<string, string> requests, SortedDictionary<string, string> limits,
        string word, List<string> notes)
    {
        if (requests.Count + limits.Count == 0) return;
        var resources = container.Ensure("resources");
        // Read before limits are filled in: a container's own limit stands for its request.
        var ownLimits = resources.Map("limits");
        var setRequests = new List<string>();
        foreach (var (name, value) in requests)
        {
            if (resources.Map("requests")?.ContainsKey(name) == true) continue;
            if (ownLimits?.Text(name) is { } own)
            {
                resources.Ensure("requests")[name] = own;
                continue;
            }

            resources.Ensure("requests")[name] = value;
            setRequests.Add(name);
        }

        var setLimits = new List<string>();
        foreach (var (name, value) in limits)
        {
            if (resources.Map("limits")?.ContainsKey(name) == true) continue;
            resources.Ensure("limits")[name] = value;
            setLimits.Add(name);
        }

        if (setRequests.Count > 0)
            notes.Add($"{string.Join(", ", setRequests)} request for {word} {container.Text("name")}");
        if (setLimits.Count > 0)
            notes.Add($"{string.Join(", ", setLimits)} limit for {word} {container.Text("name")}");
    }

    private static void CheckPod(JsonObject pod, JsonObject limit, List<string> errors)
    {
        var spec = pod.Map("spec") ?? [];
        switch (limit.Text("type"))
        {
            case "Container":
                foreach (var list in new[] { "containers", "initContainers" })
                {
                    foreach (var container in spec.Objects(list))
                    {
                        var resources = container.Map("resources");
                        Check("Container", limit, Read(resources?.Map("requests")), Read(resources?.Map("limits")),
                            errors);
                    }
                }

                break;
            case "Pod":
                Check("Pod", limit, PodResources.Sum(spec, "requests"), PodResources.Sum(spec, "limits"), errors);
                break;
        }
    }

    private static void CheckClaim(JsonObject claim, JsonObject limit, List<string> errors)
    {
        var requests = Read(claim.Map("spec")?.Map("resources")?.Map("requests"));
        foreach (var (name, text) in Bounds(limit, "min"))
        {
            if (!requests.TryGetValue(name, out var asked))
                errors.Add($"minimum {name} usage per PersistentVolumeClaim is {text}.  No request is specified");
            else if (asked < text) errors.Add($"minimum {name} usage per PersistentVolumeClaim is {text}, but request is {asked}");
        }

        foreach (var (name, text) in Bounds(limit, "max"))
        {
            if (!requests.TryGetValue(name, out var asked))
                errors.Add($"maximum {name} usage per PersistentVolumeClaim is {text}.  No request is specified");
            else if (asked > text) errors.Add($"maximum {name} usage per PersistentVolumeClaim is {text}, but request is {asked}");
        }
    }

    private static void Check(
        string type, JsonObject limit, IReadOnlyDictionary<string, Quantity> requests,
        IReadOnlyDictionary<string, Quantity> limits, List<string> errors)
    {
        foreach (var (name, min) in Bounds(limit, "min"))
        {
            var bound = $"minimum {name} usage per {type} is {min}";
            if (!requests.TryGetValue(name, out var asked)) errors.Add(bound + ".  No request is specified");
            else if (asked < min) errors.Add($"{bound}, but request is {asked}");
            else if (limits.TryGetValue(name, out var most) && most < min) errors.Add($"{bound}, but limit is {most}");
        }

        foreach (var (name, max) in Bounds(limit, "max"))
        {
            var bound = $"maximum {name} usage per {type} is {max}";
            if (!limits.TryGetValue(name, out var most)) errors.Add(bound + ".  No limit is specified");
            else if (most > max) errors.Add($"{bound}, but limit is {most}");
            else if (requests.TryGetValue(name, out var asked)
                && asked > max) errors.Add($"{bound}, but request is {asked}");
        }

        foreach (var (name, ratio) in Bounds(limit, "maxLimitRequestRatio"))
        {
            var bound = $"{name} max limit to request ratio per {type} is {ratio}";
            if (!requests.TryGetValue(name, out var asked) || asked.IsZero)
                errors.Add(bound + ", but no request is specified or request is 0");
            else if (!limits.TryGetValue(name, out var most) || most.IsZero)
                errors.Add(bound + ", but no limit is specified or limit is 0");
            else
            {
                var seen = (double)most.MilliValue / (double)asked.MilliValue;
                if (seen > (double)ratio.MilliValue / 1000) errors.Add($"{bound}, but provided ratio is {seen:F6}");
            }
        }
    }

    private static IEnumerable<(string Name, Quantity Value)> Bounds(JsonObject limit, string field) =>
        Read(limit.Map(field)).Select(p => (p.Key, p.Value));

    private static SortedDictionary<string, Quantity> Read(JsonObject? amounts) => PodResources.Read(amounts);
}
