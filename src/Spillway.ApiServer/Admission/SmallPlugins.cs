using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Admission;

/// <summary>Plug-ins of a few lines each: defaults that depend on what else is in the cluster.</summary>
internal sealed class SmallPlugins(ClusterReads cluster)
{
    private const string NotReady = "node.kubernetes.io/not-ready";
    private const string Unreachable = "node.kubernetes.io/unreachable";

    /// <summary>TaintNodesByCondition: a new node takes no pods until the node lifecycle controller saw it ready.</summary>
    public static ValueTask TaintNewNode(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.Is("", "nodes") || request.Operation != AdmissionOperation.Create
            || request.Object is not { } node)
            return ValueTask.CompletedTask;
        var taints = node.Ensure("spec").EnsureList("taints");
        if (!node.Map("spec")!.Objects("taints").Any(t =>
            t.Text("key") == NotReady && t.Text("effect") == "NoSchedule"))
            taints.Add(new JsonObject { ["key"] = NotReady, ["effect"] = "NoSchedule" });
        return ValueTask.CompletedTask;
    }

    /// <summary>DefaultTolerationSeconds: five minutes on a node that went away.</summary>
    public static ValueTask TolerateLostNodes(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.IsWrite || !request.Is("", "pods")
            || request.Object is not { } pod) return ValueTask.CompletedTask;
        var spec = pod.Ensure("spec");
        foreach (var key in new[] { NotReady, Unreachable })
        {
            var tolerated = spec.Objects("tolerations").Any(t =>
                (t.Text("key") is null or "" || t.Text("key") == key)
                && (t.Text("effect") is null or "" or "NoExecute"));
            if (tolerated) continue;
            spec.EnsureList("tolerations").Add(new JsonObject
            {
                ["key"] = key, ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = 300,
            });
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DefaultStorageClass(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.Is("", "persistentvolumeclaims") || request.Operation != AdmissionOperation.Create
            || request.Object is not { } claim) return ValueTask.CompletedTask;
        var spec = claim.Ensure("spec");
        if (spec["storageClassName"] is not null
            || claim.Map("metadata")?.Map(
                "annotations")?.ContainsKey("volume.beta.kubernetes.io/storage-class") == true)
            return ValueTask.CompletedTask;
        if (Marked("storage.k8s.io", "storageclasses", "storageclass.kubernetes.io/is-default-class") is { } name)
            spec["storageClassName"] = name;
        return ValueTask.CompletedTask;
    }

    public ValueTask DefaultIngressClass(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.Is("networking.k8s.io", "ingresses") || request.Operation != AdmissionOperation.Create
            || request.Object is not { } ingress) return ValueTask.CompletedTask;
        var spec = ingress.Ensure("spec");
        if (spec["ingressClassName"] is not null
            || ingress.Map("metadata")?.Map("annotations")?.ContainsKey("kubernetes.io/ingress.class") == true)
            return ValueTask.CompletedTask;
        if (Marked("networking.k8s.io", "ingressclasses", "ingressclass.kubernetes.io/is-default-class") is { } name)
            spec["ingressClassName"] = name;
        return ValueTask.CompletedTask;
    }

    /// <summary>StorageObjectInUseProtection: a finalizer that goes once nothing uses the volume any more.</summary>
    public static ValueTask ProtectStorage(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Operation != AdmissionOperation.Create
            || request.Object is not { } item) return ValueTask.CompletedTask;
        var finalizer = request.Is("", "persistentvolumes") ? "kubernetes.io/pv-protection"
            : request.Is("", "persistentvolumeclaims") ? "kubernetes.io/pvc-protection" : null;
        if (finalizer is null) return ValueTask.CompletedTask;
        var metadata = item.Ensure("metadata");
        if (!metadata.Texts("finalizers").Contains(finalizer)) metadata.EnsureList("finalizers").Add(finalizer);
        return ValueTask.CompletedTask;
    }

    /// <summary>RuntimeClass: a pod carries the overhead and the node choice of its class.</summary>
    public ValueTask ApplyRuntimeClass(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.Is("", "pods") || request.Operation != AdmissionOperation.Create
            || request.Object?.Map("spec") is not { } spec) return ValueTask.CompletedTask;
        if (spec.Text("runtimeClassName") is not { Length: > 0 } name)
        {
            if (spec.Map("overhead") is { Count: > 0 })
                throw request.Forbidden("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
            return ValueTask.CompletedTask;
        }

        var found = cluster.Get("node.k8s.io", "runtimeclasses", "", name)
            ?? throw request.Forbidden($"pod rejected: RuntimeClass \"{name}\" not found");
        if (found.Map("overhead")?.Map("podFixed") is { } overhead)
        {
            if (spec.Map("overhead") is { Count: > 0 } own && !JsonNode.DeepEquals(own, overhead))
                throw request.Forbidden("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
            spec["overhead"] = overhead.DeepClone();
        }

        if (found.Map("scheduling") is { } scheduling) AddScheduling(request, spec, scheduling);
        return ValueTask.CompletedTask;
    }

    private static void AddScheduling(AdmissionRequest request, JsonObject spec, JsonObject scheduling)
    {
        foreach (var (key, value) in scheduling.Map("nodeSelector") ?? [])
        {
            var selector = spec.Ensure("nodeSelector");
            if (selector.Text(key) is { } own && own != value.AsText())
            {
                throw request.Forbidden($"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value.AsText()}; "
                    + $"pod.spec.nodeSelector[{key}] = {own}");
            }

            selector[key] = value?.DeepClone();
        }

        foreach (var toleration in scheduling.Objects("tolerations"))
        {
            if (!spec.Objects("tolerations").Any(t => JsonNode.DeepEquals(t, toleration)))
                spec.EnsureList("tolerations").Add(toleration.DeepClone());
        }
    }

    /// <summary>PersistentVolumeClaimResize: only a class that allows it lets a claim grow.</summary>
    public ValueTask CheckResize(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.Is("", "persistentvolumeclaims") || request.Operation != AdmissionOperation.Update
            || request.Object is not { } claim || request.OldObject is not { } old) return ValueTask.CompletedTask;
        if (Storage(claim) is not { } wanted || Storage(old) is not { } had
            || wanted <= had) return ValueTask.CompletedTask;
        if (old.Map("status")?.Text("phase") != "Bound")
            throw request.Forbidden("Only bound persistent volume claims can be expanded");
        var name = claim.Map("spec")?.Text("storageClassName") ?? "";
        if (cluster.Get("storage.k8s.io", "storageclasses", "", name) is not { } found
            || !found.Flag("allowVolumeExpansion"))
        {
            throw request.Forbidden("only dynamically provisioned pvc can be resized and the storageclass that provisions "
                + "the pvc must support resize");
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>NodeDeclaredFeatureValidator: a pod is resized by its node, which must be there to say what it can.</summary>
    public ValueTask CheckNodeOfResize(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Operation != AdmissionOperation.Update || request.Subresource != "resize"
            || !request.IsAny("", "pods")) return ValueTask.CompletedTask;
        if (request.Object?.Map("spec")?.Text("nodeName") is { Length: > 0 } node
            && cluster.Get("", "nodes", "", node) is null) throw request.Forbidden($"node \"{node}\" not found");
        return ValueTask.CompletedTask;
    }

    private static Quantity? Storage(JsonObject claim) =>
        claim.Map("spec")?.Map("resources")?.Map("requests")?.Text("storage") is { } text
        && Quantity.TryParse(text, out var quantity)
            ? quantity
            : null;

    /// <summary>CertificateApproval, CertificateSigning and CertificateSubjectRestriction.</summary>
    public ValueTask CheckCertificates(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.IsAny("certificates.k8s.io", "certificatesigningrequests")
            || request.Operation != AdmissionOperation.Update) return ValueTask.CompletedTask;
        var (verb, word) = request.Subresource switch
        {
            "approval" => ("approve", "approve"),
            "status" when !JsonNode.DeepEquals(request.Object?.Map("status")?["certificate"],
                request.OldObject?.Map("status")?["certificate"]) => ("sign", "sign"),
            _ => ("", ""),
        };
        if (verb.Length == 0) return ValueTask.CompletedTask;
        var signer = request.OldObject?.Map("spec")?.Text("signerName") ?? "";
        var domain = signer.Split('/')[0] + "/*";
        if (!cluster.IsAllowed(request.User, verb, "certificates.k8s.io", "signers", "", "", signer)
            && !cluster.IsAllowed(request.User, verb, "certificates.k8s.io", "signers", "", "", domain))
            throw request.Forbidden($"user not permitted to {word} requests with signerName \"{signer}\"");
        return ValueTask.CompletedTask;
    }

    /// <summary>The newest object that an annotation marks as default.</summary>
    private string? Marked(string group, string resource, string annotation)
    {
        JsonObject? best = null;
        foreach (var candidate in cluster.List(group, resource, ""))
        {
            if (candidate.Map("metadata")?.Map("annotations")?.Text(annotation) != "true") continue;
            var order = string.CompareOrdinal(Created(candidate), best is null ? "" : Created(best));
            if (order > 0 || (order == 0 && best is not null && string.CompareOrdinal(Name(candidate), Name(best)) < 0))
                best = candidate;
        }

        return best is null ? null : Name(best);

        static string Created(JsonObject item) => item.Map("metadata")?.Text("creationTimestamp") ?? "";
        static string Name(JsonObject item) => item.Map("metadata")?.Text("name") ?? "";
    }
}
