using System.Text.Json;
using Spillway.Core.Quantities;

namespace Spillway.Core.Placement.Reading;

internal static class PodSpecReader
{
    public static void Read(ref Utf8JsonReader reader, PodDraft draft)
    {
        if (!JsonText.EnterObject(ref reader)) return;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("containers"u8)) ReadContainers(ref reader, draft.Containers);
            else if (reader.ValueTextEquals("initContainers"u8)) ReadContainers(ref reader, draft.InitContainers);
            else if (reader.ValueTextEquals("nodeName"u8)) draft.NodeName = JsonText.Text(ref reader);
            else if (reader.ValueTextEquals("nodeSelector"u8)) draft.NodeSelector = JsonText.Labels(ref reader);
            else if (reader.ValueTextEquals("affinity"u8)) AffinityReader.Read(ref reader, draft);
            else if (reader.ValueTextEquals("tolerations"u8)) draft.Tolerations = ReadTolerations(ref reader);
            else if (reader.ValueTextEquals("topologySpreadConstraints"u8)) SpreadReader.Read(ref reader, draft);
            else if (reader.ValueTextEquals("volumes"u8)) PodVolumeReader.Read(ref reader, draft);
            else if (reader.ValueTextEquals("overhead"u8)) draft.Overhead = JsonText.Amounts(ref reader);
            else if (reader.ValueTextEquals("resources"u8)) draft.PodLevel = ReadRequests(ref reader);
            else ReadScalar(ref reader, draft);
        }
    }

    private static void ReadScalar(ref Utf8JsonReader reader, PodDraft draft)
    {
        if (reader.ValueTextEquals("priority"u8)) draft.Priority = JsonText.Int(ref reader, whenNull: 0);
        else if (reader.ValueTextEquals("preemptionPolicy"u8)) draft.MayPreempt = JsonText.Text(ref reader) != "Never";
        else if (reader.ValueTextEquals("hostNetwork"u8)) draft.HostNetwork = JsonText.Flag(ref reader);
        else if (reader.ValueTextEquals("schedulingGates"u8)) draft.Gates = ReadGates(ref reader);
        else if (reader.ValueTextEquals("schedulerName"u8))
        {
            var name = JsonText.Text(ref reader);
            if (name.Length > 0) draft.SchedulerName = name;
        }
        else JsonText.SkipValue(ref reader);
    }

    private static void ReadContainers(ref Utf8JsonReader reader, List<ContainerDraft> containers)
    {
        if (!JsonText.EnterArray(ref reader)) return;
        while (JsonText.NextItem(ref reader))
        {
            var container = new ContainerDraft();
            if (!JsonText.IsObject(ref reader)) continue;
            while (JsonText.NextField(ref reader))
            {
                if (reader.ValueTextEquals("name"u8)) container.Name = JsonText.Text(ref reader);
                else if (reader.ValueTextEquals("resources"u8)) container.Requests = ReadRequests(ref reader);
                else if (reader.ValueTextEquals("restartPolicy"u8))
                    container.RestartsAlways = JsonText.Text(ref reader) == "Always";
                else if (reader.ValueTextEquals("ports"u8)) ReadPorts(ref reader, container.Ports);
                else JsonText.SkipValue(ref reader);
            }
            containers.Add(container);
        }
    }

    /// <summary>Requests, with each limit standing in for a request that is not given, as the API server defaults it.</summary>
    private static ResourceAmounts ReadRequests(ref Utf8JsonReader reader)
    {
        var requests = ResourceAmounts.Empty;
        var limits = ResourceAmounts.Empty;
        if (!JsonText.EnterObject(ref reader)) return requests;
        while (JsonText.NextField(ref reader))
        {
            if (reader.ValueTextEquals("requests"u8)) requests = JsonText.Amounts(ref reader, keepZero: true);
            else if (reader.ValueTextEquals("limits"u8)) limits = JsonText.Amounts(ref reader);
            else JsonText.SkipValue(ref reader);
        }
        foreach (var (name, amount) in limits)
        {
            if (!requests.ContainsKey(name)) requests = requests.With(name, amount);
        }
        return requests;
    }

    private static void ReadPorts(ref Utf8JsonReader reader, List<PortDraft> ports)
    {
        if (!JsonText.EnterArray(ref reader)) return;
        while (JsonText.NextItem(ref reader))
        {
            int host = 0, container = 0;
            string protocol = "TCP", address = "";
            if (!JsonText.IsObject(ref reader)) continue;
            while (JsonText.NextField(ref reader))
            {
                if (reader.ValueTextEquals("hostPort"u8)) host = JsonText.Int(ref reader, whenNull: 0);
                else if (reader.ValueTextEquals("containerPort"u8)) container = JsonText.Int(ref reader, whenNull: 0);
                else if (reader.ValueTextEquals("protocol"u8)) protocol = JsonText.Text(ref reader);
                else if (reader.ValueTextEquals("hostIP"u8)) address = JsonText.Text(ref reader);
                else JsonText.SkipValue(ref reader);
            }
            ports.Add(new PortDraft(host, container, protocol.Length == 0 ? "TCP" : protocol, address));
        }
    }

    private static ValueList<string> ReadGates(ref Utf8JsonReader reader)
    {
        if (!JsonText.EnterArray(ref reader)) return [];
        var gates = new List<string>();
        while (JsonText.NextItem(ref reader))
        {
            if (!JsonText.IsObject(ref reader)) continue;
            while (JsonText.NextField(ref reader))
            {
                if (reader.ValueTextEquals("name"u8)) gates.Add(JsonText.Text(ref reader));
                else JsonText.SkipValue(ref reader);
            }
        }
        return gates.ToValueList();
    }

    private static ValueList<Toleration> ReadTolerations(ref Utf8JsonReader reader)
    {
        if (!JsonText.EnterArray(ref reader)) return [];
        var tolerations = new List<Toleration>();
        while (JsonText.NextItem(ref reader))
        {
            string key = "", operation = "", value = "", effect = "";
            if (!JsonText.IsObject(ref reader)) continue;
            while (JsonText.NextField(ref reader))
            {
                if (reader.ValueTextEquals("key"u8)) key = JsonText.Text(ref reader);
                else if (reader.ValueTextEquals("operator"u8)) operation = JsonText.Text(ref reader);
                else if (reader.ValueTextEquals("value"u8)) value = JsonText.Text(ref reader);
                else if (reader.ValueTextEquals("effect"u8)) effect = JsonText.Text(ref reader);
                else JsonText.SkipValue(ref reader);
            }
            tolerations.Add(new Toleration(key, OperatorNamed(operation), value, NodeReader.EffectNamed(effect)));
        }
        return tolerations.ToValueList();
    }

    private static TolerationOperator OperatorNamed(string name) => name switch
    {
        "" or "Equal" => TolerationOperator.Equal,
        "Exists" => TolerationOperator.Exists,
        "Lt" => TolerationOperator.Lt,
        "Gt" => TolerationOperator.Gt,
        _ => throw new FormatException($"'{name}' is not an operator of a toleration; use Equal or Exists."),
    };
}
