using System.Text.Json;

namespace Spillway.Core.Placement.Reading;

internal static class PodStatusReader
{
    public static void Read(ref Utf8JsonReader reader, PodDraft draft)
    {
        if (!JsonText.EnterObject(ref reader)) return;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("phase"u8)) draft.Phase = PhaseNamed(JsonText.Text(ref reader));
            else if (reader.ValueTextEquals("nominatedNodeName"u8)) draft.NominatedNode = JsonText.Text(ref reader);
            else if (reader.ValueTextEquals("startTime"u8)) draft.StartedAt = JsonText.Time(ref reader);
            else if (reader.ValueTextEquals("containerStatuses"u8) || reader.ValueTextEquals("initContainerStatuses"u8))
                ReadContainerStatuses(ref reader, draft);
            else if (reader.ValueTextEquals("conditions"u8)) ReadConditions(ref reader, draft);
            else JsonText.SkipValue(ref reader);
        }
    }

    private static PodPhase PhaseNamed(string phase) => phase switch
    {
        "Running" => PodPhase.Running,
        "Succeeded" => PodPhase.Succeeded,
        "Failed" => PodPhase.Failed,
        "Unknown" => PodPhase.Unknown,
        _ => PodPhase.Pending,
    };

    private static void ReadContainerStatuses(ref Utf8JsonReader reader, PodDraft draft)
    {
        if (!JsonText.EnterArray(ref reader)) return;
        while (JsonText.NextItem(ref reader))
        {
            var name = "";
            var granted = ResourceAmounts.Empty;
            if (!JsonText.IsObject(ref reader)) continue;
            while (JsonText.NextField(ref reader))
            {
                if (reader.ValueTextEquals("name"u8)) name = JsonText.Text(ref reader);
                else if (reader.ValueTextEquals("allocatedResources"u8))
                    granted = granted.Max(JsonText.Amounts(ref reader));
                else if (reader.ValueTextEquals("resources"u8)) granted = granted.Max(ReadActual(ref reader));
                else JsonText.SkipValue(ref reader);
            }
            if (!granted.IsEmpty) draft.Allocated[name] = granted;
        }
    }

    private static ResourceAmounts ReadActual(ref Utf8JsonReader reader)
    {
        var requests = ResourceAmounts.Empty;
        if (!JsonText.EnterObject(ref reader)) return requests;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("requests"u8)) requests = JsonText.Amounts(ref reader);
            else JsonText.SkipValue(ref reader);
        }
        return requests;
    }

    private static void ReadConditions(ref Utf8JsonReader reader, PodDraft draft)
    {
        if (!JsonText.EnterArray(ref reader)) return;
        while (JsonText.NextItem(ref reader))
        {
            string type = "", status = "", reason = "";
            if (!JsonText.IsObject(ref reader)) continue;
            while (JsonText.NextField(ref reader))
            {
                if (reader.ValueTextEquals("type"u8)) type = JsonText.Text(ref reader);
                else if (reader.ValueTextEquals("status"u8)) status = JsonText.Text(ref reader);
                else if (reader.ValueTextEquals("reason"u8)) reason = JsonText.Text(ref reader);
                else JsonText.SkipValue(ref reader);
            }
            if (type == "PodResizePending" && status == "True" && reason == "Infeasible") draft.ResizeInfeasible = true;
        }
    }
}
