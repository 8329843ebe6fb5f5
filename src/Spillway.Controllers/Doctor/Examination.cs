using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.Core.ClusterFile;
using Spillway.Core.Doctor;
using Spillway.Core.Overlay;
using Spillway.Core.Ports;

namespace Spillway.Controllers.Doctor;

/// <summary>Looks at the machines of a plan and has every pair judged.</summary>
public static class Examination
{
    /// <summary>Up to so many machines all pairs are looked at; above, each with the hub, which carries the most.</summary>
    public const int AllPairsUpTo = 12;

    /// <param name="between">Two machines; null for all.</param>
    public static async Task<IReadOnlyList<Diagnosis>> OfAsync(
        OverlayPlan plan, IReadOnlyDictionary<string, IHost> hosts, (string From, string To)? between,
        CancellationToken cancellationToken)
    {
        var pairs = Pairs(plan, between).SelectMany(pair => new[] { pair, (From: pair.To, To: pair.From) }).ToList();
        var nodes = NodesAsync(plan, hosts, cancellationToken);
        // A relay of a pair is looked at too: it has to know both.
        var names = pairs.Select(pair => pair.From).Concat(plan.Hub is { } hub ? [hub] : []).Distinct().ToList();
        var reports = await Task.WhenAll(names.Select(name => LookAsync(
            plan.Find(name)!, plan, hosts[name],
            [.. pairs.Where(pair => pair.From == name).Select(pair => plan.Find(pair.To)!)], cancellationToken)));
        var doctor = new PairDoctor(plan, reports.ToDictionary(report => report.Name), await nodes);
        return [.. pairs.Select(pair => doctor.Judge(pair.From, pair.To))];
    }

    private static IEnumerable<(string From, string To)> Pairs(OverlayPlan plan, (string From, string To)? between)
    {
        if (between is { } one)
            return [one];
        var names = plan.Nodes.Where(node => node.NodeIp is not null).Select(node => node.Name).ToList();
        return names.Count > AllPairsUpTo && plan.Hub is { } hub
            ? names.Where(name => name != hub).Select(name => (hub, name))
            : names.SelectMany((from, index) => names.Skip(index + 1).Select(to => (from, to)));
    }

    private static async Task<HostReport> LookAsync(
        OverlayNode node, OverlayPlan plan, IHost host, IReadOnlyList<OverlayNode> others,
        CancellationToken cancellationToken)
    {
        var look = new HostCommand(HostProbe.Script) { Arguments = HostProbe.Arguments(node, plan, others) };
        var answer = await host.RunAsync(look, cancellationToken);
        return answer is HostAnswer.Done { ExitCode: 0 } done
            ? HostReport.Parse(node.Name, done.Output)
            : new HostReport(node.Name) { Unreachable = Redaction.Of(answer.Complaint) };
    }

    private static async Task<IReadOnlyDictionary<string, NodeReport>?> NodesAsync(
        OverlayPlan plan, IReadOnlyDictionary<string, IHost> hosts, CancellationToken cancellationToken)
    {
        if (plan.Nodes.FirstOrDefault(node => node.Machine.Role == MachineRole.ControlPlane) is not { } control)
            return null;
        var kubectl = Core.Bootstrap.NodeSteps.Kubectl(plan.Cluster.Kubernetes.Distribution);
        var answer = await hosts[control.Name].RunAsync(
            new HostCommand($"{kubectl} get nodes -o json") { Timeout = TimeSpan.FromSeconds(20) }, cancellationToken);
        return answer is HostAnswer.Done { ExitCode: 0 } done ? Parse(done.Output) : null;
    }

    private static Dictionary<string, NodeReport>? Parse(string text)
    {
        JsonNode? json;
        try
        {
            json = JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }

        var nodes = new Dictionary<string, NodeReport>(StringComparer.Ordinal);
        foreach (var item in json?["items"] as JsonArray ?? [])
        {
            var name = (string?)item?["metadata"]?["name"] ?? "";
            var ready = (item?["status"]?["conditions"] as JsonArray ?? [])
                .FirstOrDefault(condition => (string?)condition?["type"] == "Ready");
            var address = (item?["status"]?["addresses"] as JsonArray ?? [])
                .FirstOrDefault(one => (string?)one?["type"] == "InternalIP");
            var annotations = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (key, value) in item?["metadata"]?["annotations"] as JsonObject ?? [])
                annotations[key] = (string?)value ?? "";
            nodes[name] = new NodeReport(name, (string?)ready?["status"] == "True",
                (string?)ready?["message"] ?? "it has not said why", (string?)address?["address"] ?? "", annotations);
        }

        return nodes;
    }
}
