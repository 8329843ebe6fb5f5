using System.Text.Json;

namespace Spillway.Core.Placement.Reading;

internal static class SpreadReader
{
    public static void Read(ref Utf8JsonReader reader, PodDraft draft)
    {
        if (!JsonText.EnterArray(ref reader)) return;
        while (JsonText.NextItem(ref reader))
        {
            if (JsonText.IsObject(ref reader)) draft.Spread.Add(ReadConstraint(ref reader));
        }
    }

    private static SpreadDraft ReadConstraint(ref Utf8JsonReader reader)
    {
        var constraint = new SpreadConstraint { TopologyKey = "" };
        ValueList<string> keys = [];
        var selector = LabelSelector.Nothing;
        var affinity = SpreadPolicy.Honor;
        var taints = SpreadPolicy.Ignore;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("topologyKey"u8))
                constraint = constraint with { TopologyKey = JsonText.Text(ref reader) };
            else if (reader.ValueTextEquals("maxSkew"u8))
                constraint = constraint with { MaxSkew = JsonText.Int(ref reader, whenNull: 1) };
            else if (reader.ValueTextEquals("minDomains"u8))
                constraint = constraint with { MinDomains = JsonText.Int(ref reader, whenNull: 1) };
            else if (reader.ValueTextEquals("whenUnsatisfiable"u8))
                constraint = constraint with { Hard = JsonText.Text(ref reader) != "ScheduleAnyway" };
            else if (reader.ValueTextEquals("labelSelector"u8))
                selector = AffinityReader.ReadSelector(ref reader) ?? LabelSelector.Nothing;
            else if (reader.ValueTextEquals("nodeAffinityPolicy"u8))
                affinity = PolicyNamed(JsonText.Text(ref reader), SpreadPolicy.Honor);
            else if (reader.ValueTextEquals("nodeTaintsPolicy"u8))
                taints = PolicyNamed(JsonText.Text(ref reader), SpreadPolicy.Ignore);
            else if (reader.ValueTextEquals("matchLabelKeys"u8)) keys = JsonText.Texts(ref reader);
            else JsonText.SkipValue(ref reader);
        }
        constraint = constraint with
        {
            Selector = selector,
            NodeAffinityPolicy = affinity,
            NodeTaintsPolicy = taints,
        };
        return new SpreadDraft(constraint, keys);
    }

    private static SpreadPolicy PolicyNamed(string name, SpreadPolicy otherwise) => name switch
    {
        "" => otherwise,
        "Honor" => SpreadPolicy.Honor,
        "Ignore" => SpreadPolicy.Ignore,
        _ => throw new FormatException($"'{name}' is not a node inclusion policy; use Honor or Ignore."),
    };
}
