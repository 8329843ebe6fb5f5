using System.Diagnostics;
using Spillway.Core.ClusterFile;

namespace Spillway.Core.Bootstrap;

/// <summary>Which chart installs a pod network, pinned: a new version is a decision, not an accident.</summary>
public sealed record PodNetworkChart(string Repository, string Chart, string Version, string Namespace)
{
    public static PodNetworkChart Of(PodNetwork network) => network switch
    {
        PodNetwork.Cilium => new("https://helm.cilium.io/", "cilium", "1.20.0", "kube-system"),
        PodNetwork.Calico => new("https://docs.tigera.io/calico/charts", "tigera-operator", "v3.31.0", "tigera-operator"),
        PodNetwork.Flannel => new("https://flannel-io.github.io/flannel/", "flannel", "v0.27.4", "kube-flannel"),
        // Canal has no chart of its own outside RKE2; the checks refuse it there.
        _ => throw new UnreachableException(),
    };
}
