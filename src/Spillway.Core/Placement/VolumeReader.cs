using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.Core.Placement.Reading;

namespace Spillway.Core.Placement;

/// <summary>Reads the objects that <see cref="VolumeFacts"/> is made of.</summary>
public static class VolumeReader
{
    private const string LegacyClass = "volume.beta.kubernetes.io/storage-class";

    public static VolumeClaimRecord ReadClaim(ReadOnlySpan<byte> utf8Json)
    {
        var reader = new Utf8JsonReader(utf8Json);
        var claim = new VolumeClaimRecord { Namespace = "default", Name = "" };
        var meta = new ObjectHead();
        if (!JsonText.EnterObject(ref reader)) throw JsonText.Unexpected(ref reader, "a persistent volume claim");
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("metadata"u8)) meta = ObjectHead.Read(ref reader);
            else if (reader.ValueTextEquals("spec"u8)) claim = ReadClaimSpec(ref reader, claim);
            else JsonText.SkipValue(ref reader);
        }
        return claim with
        {
            Namespace = meta.Namespace.Length == 0 ? "default" : meta.Namespace,
            Name = meta.Name,
            Terminating = meta.Terminating,
            StorageClass = claim.StorageClass.Length > 0 ? claim.StorageClass : meta.Annotations[LegacyClass] ?? "",
        };
    }

    public static PersistentVolumeRecord ReadVolume(ReadOnlySpan<byte> utf8Json)
    {
        var reader = new Utf8JsonReader(utf8Json);
        var volume = new PersistentVolumeRecord { Name = "" };
        var meta = new ObjectHead();
        if (!JsonText.EnterObject(ref reader)) throw JsonText.Unexpected(ref reader, "a persistent volume");
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("metadata"u8)) meta = ObjectHead.Read(ref reader);
            else if (reader.ValueTextEquals("spec"u8)) volume = ReadVolumeSpec(ref reader, volume);
            else JsonText.SkipValue(ref reader);
        }
        return volume with
        {
            Name = meta.Name,
            Labels = meta.Labels,
            StorageClass = volume.StorageClass.Length > 0 ? volume.StorageClass : meta.Annotations[LegacyClass] ?? "",
        };
    }

    public static StorageClassRecord ReadClass(ReadOnlySpan<byte> utf8Json)
    {
        var reader = new Utf8JsonReader(utf8Json);
        var storage = new StorageClassRecord { Name = "" };
        if (!JsonText.EnterObject(ref reader)) throw JsonText.Unexpected(ref reader, "a storage class");
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("metadata"u8))
                storage = storage with { Name = ObjectHead.Read(ref reader).Name };
            else if (reader.ValueTextEquals("provisioner"u8))
                storage = storage with { Provisioner = JsonText.Text(ref reader) };
            else if (reader.ValueTextEquals("volumeBindingMode"u8))
                storage = storage with { WaitForFirstConsumer = JsonText.Text(ref reader) == "WaitForFirstConsumer" };
            else if (reader.ValueTextEquals("allowedTopologies"u8))
                storage = storage with { AllowedTopologies = AffinityReader.ReadTopologies(ref reader) };
            else JsonText.SkipValue(ref reader);
        }
        return storage;
    }

    public static CsiNodeRecord ReadCsiNode(ReadOnlySpan<byte> utf8Json)
    {
        var reader = new Utf8JsonReader(utf8Json);
        var name = "";
        var limits = new List<CsiDriverLimit>();
        if (!JsonText.EnterObject(ref reader)) throw JsonText.Unexpected(ref reader, "a CSI node");
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("metadata"u8)) name = ObjectHead.Read(ref reader).Name;
            else if (reader.ValueTextEquals("spec"u8)) ReadDrivers(ref reader, limits);
            else JsonText.SkipValue(ref reader);
        }
        return new CsiNodeRecord(name, limits.ToValueList());
    }

    public static VolumeClaimRecord ReadClaim(JsonElement element) => ReadClaim(JsonMarshal.GetRawUtf8Value(element));

    public static VolumeClaimRecord ReadClaim(JsonNode node) => ReadClaim(Utf8Node.Bytes(node));

    public static PersistentVolumeRecord ReadVolume(JsonElement element) =>
        ReadVolume(JsonMarshal.GetRawUtf8Value(element));

    public static PersistentVolumeRecord ReadVolume(JsonNode node) => ReadVolume(Utf8Node.Bytes(node));

    public static StorageClassRecord ReadClass(JsonElement element) => ReadClass(JsonMarshal.GetRawUtf8Value(element));

    public static StorageClassRecord ReadClass(JsonNode node) => ReadClass(Utf8Node.Bytes(node));

    public static CsiNodeRecord ReadCsiNode(JsonElement element) => ReadCsiNode(JsonMarshal.GetRawUtf8Value(element));

    public static CsiNodeRecord ReadCsiNode(JsonNode node) => ReadCsiNode(Utf8Node.Bytes(node));

    private static VolumeClaimRecord ReadClaimSpec(ref Utf8JsonReader reader, VolumeClaimRecord claim)
    {
        if (!JsonText.EnterObject(ref reader)) return claim;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("volumeName"u8)) claim = claim with { VolumeName = JsonText.Text(ref reader) };
            else if (reader.ValueTextEquals("storageClassName"u8))
                claim = claim with { StorageClass = JsonText.Text(ref reader) };
            else if (reader.ValueTextEquals("accessModes"u8))
                claim = claim with { AccessModes = JsonText.Texts(ref reader) };
            else if (reader.ValueTextEquals("selector"u8))
                claim = claim with { Selector = AffinityReader.ReadSelector(ref reader) };
            else if (reader.ValueTextEquals("resources"u8))
                claim = claim with { RequestedBytes = ReadStorage(ref reader) };
            else JsonText.SkipValue(ref reader);
        }
        return claim;
    }

    private static long ReadStorage(ref Utf8JsonReader reader)
    {
        long bytes = 0;
        if (!JsonText.EnterObject(ref reader)) return bytes;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("requests"u8)) bytes = JsonText.Amounts(ref reader)["storage"];
            else JsonText.SkipValue(ref reader);
        }
        return bytes;
    }

    private static PersistentVolumeRecord ReadVolumeSpec(ref Utf8JsonReader reader, PersistentVolumeRecord volume)
    {
        if (!JsonText.EnterObject(ref reader)) return volume;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("storageClassName"u8))
                volume = volume with { StorageClass = JsonText.Text(ref reader) };
            else if (reader.ValueTextEquals("accessModes"u8))
                volume = volume with { AccessModes = JsonText.Texts(ref reader) };
            else if (reader.ValueTextEquals("capacity"u8))
                volume = volume with { CapacityBytes = JsonText.Amounts(ref reader)["storage"] };
            else if (reader.ValueTextEquals("claimRef"u8)) volume = volume with { ClaimRef = ReadClaimRef(ref reader) };
            else if (reader.ValueTextEquals("csi"u8))
                volume = volume with { CsiDriver = JsonText.FieldText(ref reader, "driver"u8) };
            else if (reader.ValueTextEquals("nodeAffinity"u8))
                volume = volume with { NodeTerms = ReadRequired(ref reader) };
            else JsonText.SkipValue(ref reader);
        }
        return volume;
    }

    private static string ReadClaimRef(ref Utf8JsonReader reader)
    {
        string ns = "", name = "";
        if (!JsonText.EnterObject(ref reader)) return "";
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("namespace"u8)) ns = JsonText.Text(ref reader);
            else if (reader.ValueTextEquals("name"u8)) name = JsonText.Text(ref reader);
            else JsonText.SkipValue(ref reader);
        }
        return name.Length == 0 ? "" : $"{ns}/{name}";
    }

    private static ValueList<NodeSelectorTerm>? ReadRequired(ref Utf8JsonReader reader)
    {
        ValueList<NodeSelectorTerm>? terms = null;
        if (!JsonText.EnterObject(ref reader)) return terms;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("required"u8)) terms = AffinityReader.ReadNodeSelector(ref reader);
            else JsonText.SkipValue(ref reader);
        }
        return terms;
    }

    private static void ReadDrivers(ref Utf8JsonReader reader, List<CsiDriverLimit> limits)
    {
        if (!JsonText.EnterObject(ref reader)) return;
        while (JsonText.NextField(ref reader))
        {
            if (!reader.ValueTextEquals("drivers"u8))
            {
                JsonText.SkipValue(ref reader);
                continue;
            }
            if (!JsonText.EnterArray(ref reader)) continue;
            while (JsonText.NextItem(ref reader)) ReadDriver(ref reader, limits);
        }
    }

    private static void ReadDriver(ref Utf8JsonReader reader, List<CsiDriverLimit> limits)
    {
        var name = "";
        var count = -1;
        if (!JsonText.IsObject(ref reader)) return;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("name"u8)) name = JsonText.Text(ref reader);
            else if (reader.ValueTextEquals("allocatable"u8)) count = ReadCount(ref reader);
            else JsonText.SkipValue(ref reader);
        }
        if (count >= 0) limits.Add(new CsiDriverLimit(name, count));
    }

    private static int ReadCount(ref Utf8JsonReader reader)
    {
        var count = -1;
        if (!JsonText.EnterObject(ref reader)) return count;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("count"u8)) count = JsonText.Int(ref reader, whenNull: -1);
            else JsonText.SkipValue(ref reader);
        }
        return count;
    }
}
