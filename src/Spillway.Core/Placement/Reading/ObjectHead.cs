using System.Text.Json;

namespace Spillway.Core.Placement.Reading;

/// <summary>What placement reads of an object's metadata.</summary>
internal sealed class ObjectHead
{
    public string Name { get; private set; } = "";

    public string Namespace { get; private set; } = "";

    public LabelMap Labels { get; private set; } = LabelMap.Empty;

    public LabelMap Annotations { get; private set; } = LabelMap.Empty;

    public bool Terminating { get; private set; }

    public static ObjectHead Read(ref Utf8JsonReader reader)
    {
        var head = new ObjectHead();
        if (!JsonText.EnterObject(ref reader)) return head;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("name"u8)) head.Name = JsonText.Text(ref reader);
            else if (reader.ValueTextEquals("namespace"u8)) head.Namespace = JsonText.Text(ref reader);
            else if (reader.ValueTextEquals("labels"u8)) head.Labels = JsonText.Labels(ref reader);
            else if (reader.ValueTextEquals("annotations"u8)) head.Annotations = JsonText.Labels(ref reader);
            else if (reader.ValueTextEquals("deletionTimestamp"u8))
                head.Terminating = JsonText.Time(ref reader) != default;
            else JsonText.SkipValue(ref reader);
        }
        return head;
    }
}
