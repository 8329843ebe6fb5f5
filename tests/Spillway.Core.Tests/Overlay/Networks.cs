using System.Net;
using System.Text;
using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;

namespace Spillway.Core.Tests.Overlay;

/// <summary>Cluster files for network tests, and their plans.</summary>
internal static class Networks
{
    public static ClusterFileResult Read(string spec)
    {
        var text = "apiVersion: spillway.dev/v1\nkind: Cluster\nmetadata: {name: test}\nspec:\n" + Indent(spec);
        return ClusterFileReader.ReadCluster([new SourceFile("cluster.yaml", Encoding.UTF8.GetBytes(text))]);
    }

    public static OverlayPlan Plan(string spec, IReadOnlyDictionary<string, IPAddress>? kept = null)
    {
        var read = Read(spec);
        read.Cluster.ShouldNotBeNull(string.Join('\n', read.Diagnostics));
        return OverlayPlanner.Plan(read.Cluster, kept ?? new Dictionary<string, IPAddress>());
    }

    public static OverlayNode Node(this OverlayPlan plan, string name) =>
        plan.Find(name) ?? throw new InvalidOperationException($"no {name}");

    public static OverlayPeer Peer(this OverlayPlan plan, string machine, string other) =>
        plan.Node(machine).Peers.Single(peer => peer.Machine == other);

    public static Way Way(this OverlayPlan plan, string a, string b) =>
        plan.Ways.Single(way => (way.From == a && way.To == b) || (way.From == b && way.To == a));

    public static IReadOnlyList<string> Allowed(this OverlayPeer peer) =>
        [.. peer.AllowedIps.Select(range => range.ToString())];

    private static string Indent(string spec) =>
        string.Join('\n', spec.ReplaceLineEndings("\n").Split('\n').Select(line => "  " + line)) + "\n";
}
