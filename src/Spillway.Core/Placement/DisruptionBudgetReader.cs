using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.Core.Placement.Reading;

namespace Spillway.Core.Placement;

/// <summary>Reads a PodDisruptionBudget with what its status allows at this moment.</summary>
public static class DisruptionBudgetReader
{
    public static DisruptionBudgetRecord Read(ReadOnlySpan<byte> utf8Json)
    {
        var reader = new Utf8JsonReader(utf8Json);
        var head = new ObjectHead();
        var selector = LabelSelector.Nothing;
        var allowed = 0;
        if (!JsonText.EnterObject(ref reader)) throw JsonText.Unexpected(ref reader, "a disruption budget");
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("metadata"u8)) head = ObjectHead.Read(ref reader);
            else if (reader.ValueTextEquals("spec"u8)) selector = ReadSelector(ref reader);
            else if (reader.ValueTextEquals("status"u8)) allowed = ReadAllowed(ref reader);
            else JsonText.SkipValue(ref reader);
        }
        var ns = head.Namespace.Length == 0 ? "default" : head.Namespace;
        return new DisruptionBudgetRecord(ns, head.Name, selector, allowed);
    }

    public static DisruptionBudgetRecord Read(JsonElement element) => Read(JsonMarshal.GetRawUtf8Value(element));

    public static DisruptionBudgetRecord Read(JsonNode node) => Read(Utf8Node.Bytes(node));

    private static LabelSelector ReadSelector(ref Utf8JsonReader reader)
    {
        var selector = LabelSelector.Nothing;
        if (!JsonText.EnterObject(ref reader)) return selector;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("selector"u8))
                selector = AffinityReader.ReadSelector(ref reader) ?? LabelSelector.Nothing;
            else JsonText.SkipValue(ref reader);
        }
        return selector;
    }

    private static int ReadAllowed(ref Utf8JsonReader reader)
    {
        var allowed = 0;
        if (!JsonText.EnterObject(ref reader)) return allowed;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("disruptionsAllowed"u8)) allowed = JsonText.Int(ref reader, whenNull: 0);
            else JsonText.SkipValue(ref reader);
        }
        return allowed;
    }
}
