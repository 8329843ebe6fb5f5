namespace Spillway.Core.Placement.Engine;

internal readonly record struct VolumeRefusal(ReasonCode Code, string Text, string Detail, bool Resolvable);

/// <summary>
/// What storage allows: the filters VolumeRestrictions, NodeVolumeLimits, VolumeBinding and VolumeZone. Few pods have
/// volumes, so answers are worked out from the facts when they are asked for.
/// </summary>
internal sealed class VolumeIndex(NodeTable nodes)
{
    private const string OncePod = "ReadWriteOncePod";
    private const string NoProvisioner = "kubernetes.io/no-provisioner";

    private static readonly string[] ZoneLabels =
    [
        WellKnownLabels.Zone, WellKnownLabels.Region,
        "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
    ];

    private readonly Dictionary<(string, string), VolumeClaimRecord> claims = [];
    private readonly Dictionary<string, PersistentVolumeRecord> volumes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StorageClassRecord> classes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CsiNodeRecord> csiNodes = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, string), int> users = [];
    private List<PersistentVolumeRecord> freeVolumes = [];

    public void Set(VolumeFacts facts)
    {
        claims.Clear();
        volumes.Clear();
        classes.Clear();
        csiNodes.Clear();
        foreach (var claim in facts.Claims) claims[(claim.Namespace, claim.Name)] = claim;
        foreach (var volume in facts.Volumes) volumes[volume.Name] = volume;
        foreach (var item in facts.Classes) classes[item.Name] = item;
        foreach (var node in facts.CsiNodes) csiNodes[node.NodeName] = node;

        // Smallest first, so that a claim takes the tightest volume that holds it.
        freeVolumes = [.. facts.Volumes.Where(volume => volume.ClaimRef.Length == 0)
            .OrderBy(volume => volume.CapacityBytes).ThenBy(volume => volume.Name, StringComparer.Ordinal)];
    }

    /// <summary>Counts who uses which claim, for claims that one pod at a time may use.</summary>
    public void Attach(PodEntry pod, int change)
    {
        foreach (var volume in pod.Class.Requirements.Volumes)
        {
            if (volume is not PodVolume.Claim claim) continue;
            var key = (pod.Key.Namespace, claim.ClaimName);
            users[key] = users.GetValueOrDefault(key) + change;
            if (users[key] == 0) users.Remove(key);
        }
    }

    /// <summary>What keeps the pod from every node, in kube-scheduler's words; null when nothing does.</summary>
    public string? BeforeNodes(PodEntry pod)
    {
        foreach (var volume in pod.Class.Requirements.Volumes)
        {
            if (volume is not PodVolume.Claim { ClaimName: var name } named) continue;
            if (!claims.TryGetValue((pod.Key.Namespace, name), out var claim))
            {
                return named.Ephemeral
                    ? $"waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\""
                    : $"persistentvolumeclaim \"{name}\" not found";
            }
            if (claim.Terminating) return $"persistentvolumeclaim \"{name}\" is being deleted";
            if (!claim.IsBound && !Waits(claim)) return "pod has unbound immediate PersistentVolumeClaims";
        }
        return null;
    }

    public VolumeRefusal? Check(PodEntry pod, int slot) =>
        Restrictions(pod, slot) ?? Limits(pod, slot) ?? Binding(pod, slot) ?? Zone(pod, slot);

    private bool Waits(VolumeClaimRecord claim) =>
        classes.TryGetValue(claim.StorageClass, out var storage) && storage.WaitForFirstConsumer;

    private VolumeRefusal? Restrictions(PodEntry pod, int slot)
    {
        foreach (var volume in pod.Class.Requirements.Volumes)
        {
            if (volume is PodVolume.Disk disk && DiskTaken(disk, slot))
            {
                return new VolumeRefusal(ReasonCode.VolumeConflict, "node(s) had no available disk",
                    $"has a pod that uses the disk {disk.Id}", Resolvable: true);
            }
            if (volume is PodVolume.Claim claim && users.ContainsKey((pod.Key.Namespace, claim.ClaimName))
                && claims.TryGetValue((pod.Key.Namespace, claim.ClaimName), out var record)
                && record.AccessModes.Contains(OncePod))
            {
                return new VolumeRefusal(ReasonCode.VolumeConflict,
                    "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode",
                    $"must wait for another pod to let go of the claim {claim.ClaimName}, which one pod at a time may use",
                    Resolvable: true);
            }
        }
        return null;
    }

    private bool DiskTaken(PodVolume.Disk disk, int slot)
    {
        for (var other = nodes.FirstPod[slot]; other is not null; other = other.NextOnNode)
        {
            foreach (var volume in other.Class.Requirements.Volumes)
            {
                if (volume is PodVolume.Disk taken && taken.Kind == disk.Kind && taken.Id == disk.Id
                    && !(taken.ReadOnly && disk.ReadOnly)) return true;
            }
        }
        return false;
    }

    private VolumeRefusal? Limits(PodEntry pod, int slot)
    {
        if (!csiNodes.TryGetValue(nodes.Records[slot]!.Name, out var csi) || csi.Limits.IsEmpty) return null;
        var wanted = new HashSet<(string Driver, string Handle)>();
        AddHandles(pod, wanted);
        if (wanted.Count == 0) return null;
        var taken = new HashSet<(string Driver, string Handle)>();
        for (var other = nodes.FirstPod[slot]; other is not null; other = other.NextOnNode) AddHandles(other, taken);
        foreach (var limit in csi.Limits)
        {
            var added = wanted.Count(item => item.Driver == limit.Driver && !taken.Contains(item));
            var used = taken.Count(item => item.Driver == limit.Driver);
            if (added == 0 || used + added <= limit.Count) continue;
            return new VolumeRefusal(ReasonCode.VolumeLimit, "node(s) exceed max volume count",
                $"has {used} of at most {limit.Count} volumes of {limit.Driver} attached and the pod needs {added} more",
                Resolvable: true);
        }
        return null;
    }

    private void AddHandles(PodEntry pod, HashSet<(string Driver, string Handle)> handles)
    {
        foreach (var volume in pod.Class.Requirements.Volumes)
        {
            if (volume is PodVolume.InlineCsi inline) handles.Add((inline.Driver, inline.VolumeName));
            if (volume is not PodVolume.Claim named
                || !claims.TryGetValue((pod.Key.Namespace, named.ClaimName), out var claim)) continue;
            if (volumes.TryGetValue(claim.VolumeName, out var bound))
            {
                if (bound.CsiDriver.Length > 0) handles.Add((bound.CsiDriver, bound.Name));
            }
            else if (classes.TryGetValue(claim.StorageClass, out var storage))
                handles.Add((storage.Provisioner, $"{claim.Namespace}/{claim.Name}"));
        }
    }

    private VolumeRefusal? Binding(PodEntry pod, int slot)
    {
        var node = nodes.Records[slot]!;
        HashSet<string>? chosen = null;
        foreach (var volume in pod.Class.Requirements.Volumes)
        {
            if (volume is not PodVolume.Claim named
                || !claims.TryGetValue((pod.Key.Namespace, named.ClaimName), out var claim)) continue;
            if (claim.IsBound)
            {
                if (BoundRefusal(claim, node) is { } refusal) return refusal;
                continue;
            }
            if (MatchingVolume(claim, node, chosen) is { } free)
            {
                (chosen ??= new HashSet<string>(StringComparer.Ordinal)).Add(free.Name);
                continue;
            }
            if (!CanProvision(claim, node))
            {
                return new VolumeRefusal(ReasonCode.VolumeBinding,
                    "node(s) didn't find available persistent volumes to bind",
                    $"can get no volume for the claim {claim.Name}: none is free there, and the storage class"
                    + $" {claim.StorageClass} makes none there", Resolvable: false);
            }
        }
        return null;
    }

    private VolumeRefusal? BoundRefusal(VolumeClaimRecord claim, NodeRecord node)
    {
        if (!volumes.TryGetValue(claim.VolumeName, out var bound))
        {
            return new VolumeRefusal(ReasonCode.VolumeBinding,
                "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
                $"cannot attach {claim.VolumeName}, which the claim {claim.Name} is bound to and which does not exist",
                Resolvable: false);
        }
        if (bound.NodeTerms is not { } terms || StaticRule.AnyTermMatches(terms, node)) return null;
        return new VolumeRefusal(ReasonCode.VolumeBinding, "node(s) didn't match PersistentVolume's node affinity",
            $"cannot reach the volume {bound.Name} of the claim {claim.Name}, which is bound to {Explainer.Terms(terms)}",
            Resolvable: false);
    }

    private PersistentVolumeRecord? MatchingVolume(VolumeClaimRecord claim, NodeRecord node, HashSet<string>? chosen)
    {
        foreach (var volume in freeVolumes)
        {
            if (volume.StorageClass != claim.StorageClass || volume.CapacityBytes < claim.RequestedBytes) continue;
            if (chosen is not null && chosen.Contains(volume.Name)) continue;
            if (!claim.AccessModes.All(mode => volume.AccessModes.Contains(mode))) continue;
            if (claim.Selector is { } selector && !selector.Matches(volume.Labels)) continue;
            if (volume.NodeTerms is { } terms && !StaticRule.AnyTermMatches(terms, node)) continue;
            return volume;
        }
        return null;
    }

    private bool CanProvision(VolumeClaimRecord claim, NodeRecord node) =>
        claim.Selector is null
        && classes.TryGetValue(claim.StorageClass, out var storage)
        && storage.Provisioner.Length > 0 && storage.Provisioner != NoProvisioner
        && (storage.AllowedTopologies.IsEmpty || StaticRule.AnyTermMatches(storage.AllowedTopologies, node));

    private VolumeRefusal? Zone(PodEntry pod, int slot)
    {
        var labels = nodes.Records[slot]!.Labels;
        if (!ZoneLabels.Any(labels.ContainsKey)) return null;
        foreach (var volume in pod.Class.Requirements.Volumes)
        {
            if (volume is not PodVolume.Claim named
                || !claims.TryGetValue((pod.Key.Namespace, named.ClaimName), out var claim)
                || !volumes.TryGetValue(claim.VolumeName, out var bound)) continue;
            foreach (var key in ZoneLabels)
            {
                // A volume that lives in several zones names them with two underscores between.
                if (bound.Labels[key] is not { } zones || zones.Split("__").Contains(labels[key])) continue;
                return new VolumeRefusal(ReasonCode.VolumeZone, "node(s) had no available volume zone",
                    $"is not in {key} {zones}, where the volume {bound.Name} of the claim {claim.Name} is", Resolvable: false);
            }
        }
        return null;
    }
}
