using Spillway.Core.Placement;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Kubelets;

/// <summary>
/// A pod as the kubelets' informer keeps it: whole while it concerns a kubelet, and as a name and a place otherwise, which
/// is what the many waiting and finished pods of a large cluster are.
/// </summary>
internal sealed class KubeletPod
{
    private KubeletPod(PodRecord record, Pod? whole)
    {
        NodeName = record.NodeName;
        Uid = record.Uid;
        Requests = record.Requirements.Requests;
        Whole = whole;
    }

    public string NodeName { get; }

    public string Uid { get; }

    public ResourceAmounts Requests { get; }

    /// <summary>Null for a pod that is on no node, or is finished and stays.</summary>
    public Pod? Whole { get; }

    public static KubeletPod Decode(ReadOnlyMemory<byte> utf8)
    {
        var record = PodReader.Read(utf8.Span);
        var concerns = record.NodeName.Length > 0 && (!record.IsFinished || record.Terminating);
        return new KubeletPod(record, concerns ? Resources.Pods.DecodeTrimmed(utf8) : null);
    }
}
