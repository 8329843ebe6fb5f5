using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.Core.Placement.Reading;

namespace Spillway.Core.Placement;

/// <summary>
/// Reads a pod, live or from a manifest. A pod template (`metadata` and `spec` without a name) reads as well; give the
/// record its <see cref="PodRecord.Key"/> afterwards. Missing defaults are filled in as the API server does.
/// </summary>
public static class PodReader
{
    /// <exception cref="JsonException">The text is not JSON, or a field has a wrong type.</exception>
    /// <exception cref="FormatException">A quantity, operator or effect is not one.</exception>
    public static PodRecord Read(ReadOnlySpan<byte> utf8Json)
    {
        var reader = new Utf8JsonReader(utf8Json);
        var draft = new PodDraft();
        if (!JsonText.EnterObject(ref reader)) throw JsonText.Unexpected(ref reader, "a pod");
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("metadata"u8)) ReadMetadata(ref reader, draft);
            else if (reader.ValueTextEquals("spec"u8)) PodSpecReader.Read(ref reader, draft);
            else if (reader.ValueTextEquals("status"u8)) PodStatusReader.Read(ref reader, draft);
            else JsonText.SkipValue(ref reader);
        }
        return draft.Finish();
    }

    public static PodRecord Read(JsonElement element) => Read(JsonMarshal.GetRawUtf8Value(element));

    public static PodRecord Read(JsonNode node) => Read(Utf8Node.Bytes(node));

    private static void ReadMetadata(ref Utf8JsonReader reader, PodDraft draft)
    {
        if (!JsonText.EnterObject(ref reader)) return;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("name"u8)) draft.Name = JsonText.Text(ref reader);
            else if (reader.ValueTextEquals("namespace"u8)) draft.Namespace = JsonText.Text(ref reader);
            else if (reader.ValueTextEquals("uid"u8)) draft.Uid = JsonText.Text(ref reader);
            else if (reader.ValueTextEquals("labels"u8)) draft.Labels = JsonText.Labels(ref reader);
            else if (reader.ValueTextEquals("annotations"u8)) draft.Annotations = JsonText.Labels(ref reader);
            else if (reader.ValueTextEquals("deletionTimestamp"u8))
                draft.Terminating = JsonText.Time(ref reader) != default;
            else if (reader.ValueTextEquals("creationTimestamp"u8)) draft.CreatedAt = JsonText.Time(ref reader);
            else if (reader.ValueTextEquals("ownerReferences"u8)) ReadOwners(ref reader, draft);
            else JsonText.SkipValue(ref reader);
        }
    }

    private static void ReadOwners(ref Utf8JsonReader reader, PodDraft draft)
    {
        if (!JsonText.EnterArray(ref reader)) return;
        while (JsonText.NextItem(ref reader))
        {
            string kind = "", name = "", uid = "";
            var controller = false;
            if (!JsonText.IsObject(ref reader)) continue;
            while (JsonText.NextField(ref reader))
            {
                if (reader.ValueTextEquals("kind"u8)) kind = JsonText.Text(ref reader);
                else if (reader.ValueTextEquals("name"u8)) name = JsonText.Text(ref reader);
                else if (reader.ValueTextEquals("uid"u8)) uid = JsonText.Text(ref reader);
                else if (reader.ValueTextEquals("controller"u8)) controller = JsonText.Flag(ref reader);
                else JsonText.SkipValue(ref reader);
            }
            if (controller) draft.Controller = new PodController(kind, name, uid);
        }
    }
}
