using Spillway.Core.Quantities;

namespace Spillway.Core.Placement.Engine;

/// <summary>What nodes of one shape share: all labels but the host name, the taints, and whether they are cordoned.</summary>
internal sealed record NodeShapeKey(LabelMap Labels, ValueList<Taint> Taints, bool Unschedulable)
{
    public static NodeShapeKey Of(NodeRecord node)
    {
        var labels = node.Labels;
        if (labels.ContainsKey(WellKnownLabels.Hostname))
        {
            var rest = new KeyValuePair<string, string>[labels.Count - 1];
            var count = 0;
            foreach (var pair in labels)
            {
                if (pair.Key != WellKnownLabels.Hostname) rest[count++] = pair;
            }
            labels = LabelMap.FromArray(rest);
        }
        return new NodeShapeKey(labels, node.Taints, node.Unschedulable);
    }
}

internal sealed record NodeShape(int Id, NodeShapeKey Key);
