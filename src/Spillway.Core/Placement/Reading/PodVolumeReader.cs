using System.Text.Json;

namespace Spillway.Core.Placement.Reading;

/// <summary>
/// Reads the volumes that restrict where a pod may run, and the names of those that do not move with it; config maps,
/// secrets and the like are neither.
/// </summary>
internal static class PodVolumeReader
{
    public static void Read(ref Utf8JsonReader reader, PodDraft draft)
    {
        if (!JsonText.EnterArray(ref reader)) return;
        var volumes = new List<PodVolume>();
        List<string>? locals = null;
        while (JsonText.NextItem(ref reader))
        {
            if (!JsonText.IsObject(ref reader)) continue;
            var name = "";
            PodVolume? volume = null;
            var local = false;
            while (JsonText.NextField(ref reader))
            {
                if (reader.ValueTextEquals("name"u8)) name = JsonText.Text(ref reader);
                else if (reader.ValueTextEquals("hostPath"u8))
                {
                    local = true;
                    JsonText.SkipValue(ref reader);
                }
                else if (reader.ValueTextEquals("emptyDir"u8))
                {
                    local = JsonText.FieldText(ref reader, "medium"u8) != "Memory";
                }
                else volume = ReadSource(ref reader) ?? volume;
            }
            if (volume is PodVolume.Claim { Ephemeral: true }) volume = new PodVolume.Claim(name, Ephemeral: true);
            if (volume is PodVolume.InlineCsi inline) volume = inline with { VolumeName = name };
            if (volume is not null) volumes.Add(volume);
            if (local) (locals ??= []).Add(name);
        }
        draft.Volumes = volumes.ToValueList();
        draft.LocalVolumes = locals?.ToValueList() ?? [];
    }

    private static PodVolume? ReadSource(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("persistentVolumeClaim"u8))
        {
            var claim = JsonText.FieldText(ref reader, "claimName"u8);
            return claim.Length == 0 ? null : new PodVolume.Claim(claim, Ephemeral: false);
        }
        if (reader.ValueTextEquals("csi"u8))
            return JsonText.FieldText(ref reader, "driver"u8) is { Length: > 0 } driver ? new PodVolume.InlineCsi(driver, "") : null;
        if (reader.ValueTextEquals("ephemeral"u8))
        {
            JsonText.SkipValue(ref reader);
            return new PodVolume.Claim("", Ephemeral: true);
        }
        if (reader.ValueTextEquals("gcePersistentDisk"u8)) return Disk(ref reader, "gce", "pdName"u8);
        if (reader.ValueTextEquals("awsElasticBlockStore"u8)) return Disk(ref reader, "aws", "volumeID"u8);
        if (reader.ValueTextEquals("iscsi"u8)) return Disk(ref reader, "iscsi", "iqn"u8);
        if (reader.ValueTextEquals("rbd"u8)) return Disk(ref reader, "rbd", "image"u8);
        JsonText.SkipValue(ref reader);
        return null;
    }

    private static PodVolume.Disk? Disk(ref Utf8JsonReader reader, string kind, ReadOnlySpan<byte> idField)
    {
        if (!JsonText.EnterObject(ref reader)) return null;
        string id = "", pool = "";
        var readOnly = false;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals(idField)) id = JsonText.Text(ref reader);
            else if (reader.ValueTextEquals("readOnly"u8)) readOnly = JsonText.Flag(ref reader);
            else if (kind == "rbd" && reader.ValueTextEquals("pool"u8)) pool = JsonText.Text(ref reader);
            else JsonText.SkipValue(ref reader);
        }
        // An AWS volume conflicts even with read-only users: it attaches to one machine only.
        return new PodVolume.Disk(kind, pool.Length == 0 ? id : $"{pool}/{id}", readOnly && kind != "aws");
    }
}
