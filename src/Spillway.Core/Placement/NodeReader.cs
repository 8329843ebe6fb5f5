using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using System.Text.Json;
using Spillway.Core.Placement.Reading;
using Spillway.Core.Quantities;

namespace Spillway.Core.Placement;

/// <summary>Reads a node.</summary>
public static class NodeReader
{
    /// <exception cref="JsonException">The text is not JSON, or a field has a wrong type.</exception>
    /// <exception cref="FormatException">A quantity or taint effect is not one.</exception>
    public static NodeRecord Read(ReadOnlySpan<byte> utf8Json)
    {
        var reader = new Utf8JsonReader(utf8Json);
        var node = new NodeRecord { Name = "" };
        ResourceAmounts? allocatable = null;
        if (!JsonText.EnterObject(ref reader)) throw JsonText.Unexpected(ref reader, "a node");
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("metadata"u8)) node = ReadMetadata(ref reader, node);
            else if (reader.ValueTextEquals("spec"u8)) node = ReadSpec(ref reader, node);
            else if (reader.ValueTextEquals("status"u8)) node = ReadStatus(ref reader, node, ref allocatable);
            else JsonText.SkipValue(ref reader);
        }
        // The API server fills allocatable from capacity when a kubelet has not said otherwise.
        return node with { Allocatable = allocatable ?? node.Capacity };
    }

    public static NodeRecord Read(JsonElement element) => Read(JsonMarshal.GetRawUtf8Value(element));

    public static NodeRecord Read(JsonNode node) => Read(Utf8Node.Bytes(node));

    internal static TaintEffect? EffectNamed(string effect) => effect switch
    {
        "" => null,
        "NoSchedule" => TaintEffect.NoSchedule,
        "PreferNoSchedule" => TaintEffect.PreferNoSchedule,
        "NoExecute" => TaintEffect.NoExecute,
        _ => throw new FormatException(
            $"'{effect}' is not a taint effect; use NoSchedule, PreferNoSchedule or NoExecute."),
    };

    private static NodeRecord ReadMetadata(ref Utf8JsonReader reader, NodeRecord node)
    {
        if (!JsonText.EnterObject(ref reader)) return node;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("name"u8)) node = node with { Name = JsonText.Text(ref reader) };
            else if (reader.ValueTextEquals("labels"u8)) node = node with { Labels = JsonText.Labels(ref reader) };
            else if (reader.ValueTextEquals("creationTimestamp"u8))
                node = node with { CreatedAt = JsonText.Time(ref reader) };
            else JsonText.SkipValue(ref reader);
        }
        return node;
    }

    private static NodeRecord ReadSpec(ref Utf8JsonReader reader, NodeRecord node)
    {
        if (!JsonText.EnterObject(ref reader)) return node;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("taints"u8)) node = node with { Taints = ReadTaints(ref reader) };
            else if (reader.ValueTextEquals("unschedulable"u8))
                node = node with { Unschedulable = JsonText.Flag(ref reader) };
            else if (reader.ValueTextEquals("providerID"u8))
                node = node with { ProviderId = JsonText.Text(ref reader) };
            else JsonText.SkipValue(ref reader);
        }
        return node;
    }

    private static NodeRecord ReadStatus(ref Utf8JsonReader reader, NodeRecord node, ref ResourceAmounts? allocatable)
    {
        if (!JsonText.EnterObject(ref reader)) return node;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("allocatable"u8)) allocatable = JsonText.Amounts(ref reader, keepZero: true);
            else if (reader.ValueTextEquals("capacity"u8))
                node = node with { Capacity = JsonText.Amounts(ref reader, keepZero: true) };
            else if (reader.ValueTextEquals("conditions"u8)) node = node with { Ready = ReadReady(ref reader) };
            else JsonText.SkipValue(ref reader);
        }
        return node;
    }

    private static ValueList<Taint> ReadTaints(ref Utf8JsonReader reader)
    {
        if (!JsonText.EnterArray(ref reader)) return [];
        var taints = new List<Taint>();
        while (JsonText.NextItem(ref reader))
        {
            string key = "", value = "", effect = "";
            if (!JsonText.IsObject(ref reader)) continue;
            while (JsonText.NextField(ref reader))
            {
                if (reader.ValueTextEquals("key"u8)) key = JsonText.Text(ref reader);
                else if (reader.ValueTextEquals("value"u8)) value = JsonText.Text(ref reader);
                else if (reader.ValueTextEquals("effect"u8)) effect = JsonText.Text(ref reader);
                else JsonText.SkipValue(ref reader);
            }
            taints.Add(new Taint(key, value, EffectNamed(effect) ?? TaintEffect.NoSchedule));
        }
        return taints.ToValueList();
    }

    private static bool ReadReady(ref Utf8JsonReader reader)
    {
        var ready = true;
        if (!JsonText.EnterArray(ref reader)) return ready;
        while (JsonText.NextItem(ref reader))
        {
            string type = "", status = "";
            if (!JsonText.IsObject(ref reader)) continue;
            while (JsonText.NextField(ref reader))
            {
                if (reader.ValueTextEquals("type"u8)) type = JsonText.Text(ref reader);
                else if (reader.ValueTextEquals("status"u8)) status = JsonText.Text(ref reader);
                else JsonText.SkipValue(ref reader);
            }
            if (type == "Ready") ready = status == "True";
        }
        return ready;
    }
}
