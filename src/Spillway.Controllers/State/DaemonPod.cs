using System.Text.Json.Nodes;
using Spillway.Core.Placement;
using Spillway.Kubernetes;

namespace Spillway.Controllers.State;

/// <summary>The pod that a DaemonSet would start on a node: every rented node has to hold it besides its work.</summary>
internal sealed record DaemonPod(PodRecord Record)
{
    public static DaemonPod Read(ReadOnlyMemory<byte> utf8Json)
    {
        var json = JsonNode.Parse(utf8Json.Span);
        var template = json.ObjectAt("spec", "template") ?? [];
        var (ns, name) = (json.Text("metadata", "namespace") ?? "", json.Text("metadata", "name") ?? "");
        return new DaemonPod(PodReader.Read(template) with
        {
            Key = new PodKey(ns, name),
            Controller = new PodController("DaemonSet", name, json.Text("metadata", "uid") ?? ""),
        });
    }
}
