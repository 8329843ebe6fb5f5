using System.Runtime.CompilerServices;
using Spillway.Core.Placement;
using Spillway.Core.Ports;

namespace Spillway.Core.Burst;

/// <summary>Offers as nodes that placement can try, before any machine exists.</summary>
public static class OfferNodes
{
    // Templates live as long as their offers and are asked for in every pass: they are read once.
    private static readonly ConditionalWeakTable<Plans.NodeTemplate, NodeRecord> Records = [];

    public static ResourceAmounts Allocatable(Offer offer) => Record(offer).Allocatable;

    public static NodeRecord Node(Offer offer, string name)
    {
        var record = Record(offer);
        return record with { Name = name, Labels = record.Labels.With(WellKnownLabels.Hostname, name) };
    }

    private static NodeRecord Record(Offer offer) => Records.GetValue(offer.Template, static template => new NodeRecord
    {
        Name = "",
        Labels = LabelMap.From(template.Labels),
        Taints = template.Taints.ToValueList(),
        Allocatable = Amounts(template.Allocatable),
        Capacity = Amounts(template.Capacity),
    });

    private static ResourceAmounts Amounts(Quantities.ResourceList list) => ResourceAmounts.FromQuantities(
        list.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.ToString())));
}
