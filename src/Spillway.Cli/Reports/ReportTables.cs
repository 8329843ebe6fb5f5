using Spillway.Cli.Output;
using Spillway.Controllers.Costs;
using Spillway.Core.Costs;

namespace Spillway.Cli.Reports;

/// <summary>A run's report as tables for people: what ran where, what was rented and why, and the bill.</summary>
internal static class ReportTables
{
    public const int MostRows = 40;

    public static void Write(RunReport report, Terminal terminal)
    {
        Pods(report).Write(terminal);
        if (report.Pods.Count > MostRows)
            terminal.Out.WriteLine($"... and {report.Pods.Count - MostRows} more pods; -o json has all of them");
        Nodes(report).Write(terminal);
        if (report.Nodes.Count > MostRows)
            terminal.Out.WriteLine($"{report.Nodes.Count} nodes in all; -o json has all of them");
        Decisions(report, terminal);
        Bill(report.Cost, terminal);
    }

    public static void Bill(CostSummary cost, Terminal terminal)
    {
        var table = new TextTable("COST", "AMOUNT", "");
        table.Add("owned machines", Text(cost.OnPrem), "write-off and electricity, idle time included");
        table.Add("rented nodes", Text(cost.Cloud), "launch to removal");
        table.Add("total", Text(cost.Total), "");
        table.Add("all in the cloud", Text(cost.AllCloud), "what the same pods would have cost without own machines");
        table.Add(cost.Saved.Amount < 0 ? "lost" : "saved", Text(cost.Saved with { Amount = Math.Abs(cost.Saved.Amount) }), "");
        table.Write(terminal);
    }

    /// <summary>Money to a hundredth of a cent: short runs cost fractions of one.</summary>
    public static string Text(Money money) => $"{money.Amount:0.0000} {money.Currency}";

    /// <summary>A duration as people say it: 3.2s, 4m10s, 2h05m.</summary>
    public static string Text(TimeSpan time) => time switch
    {
        { TotalSeconds: < 60 } => $"{time.TotalSeconds:0.#}s",
        { TotalMinutes: < 60 } => $"{(int)time.TotalMinutes}m{time.Seconds:00}s",
        _ => $"{(int)time.TotalHours}h{time.Minutes:00}m",
    };

    private static TextTable Pods(RunReport report)
    {
        var table = new TextTable("POD", "PHASE", "NODE", "WAITED", "RAN", "COST", "WHY");
        foreach (var pod in report.Pods.Take(MostRows))
        {
            table.Add(
                pod.Key.Namespace == "default" ? pod.Key.Name : pod.Key.ToString(),
                pod.Phase,
                pod.Node.Length == 0 ? "-" : pod.Node,
                Text(report.Waited(pod)),
                pod.StartedAt is null ? "-" : Text(pod.Ran(report.Now)),
                Text(pod.Cost(report.Now)),
                pod.Why);
        }
        return table;
    }

    private static TextTable Nodes(RunReport report)
    {
        var table = new TextTable("NODE", "POOL", "TYPE", "PURCHASE", "PRICE", "RENTED FOR", "COST", "WHY");
        var shown = report.Nodes.Count <= MostRows
            ? report.Nodes
            : [.. report.Nodes.Where(node => node.IsRented).Take(MostRows)];
        foreach (var node in shown)
        {
            table.Add(
                node.Name,
                node.IsRented ? node.Pool : "-",
                node.InstanceType.Length == 0 ? "-" : node.InstanceType,
                node.IsRented ? node.Purchase == Core.ClusterFile.PurchaseOption.Spot ? "spot" : "on-demand" : "owned",
                node.Price.ToString(),
                node.IsRented ? Text((node.RemovedAt ?? report.Now) - node.LaunchedAt) : "-",
                Text(node.Cost(DateTimeOffset.MinValue, report.Now)),
                node.Why);
        }
        return table;
    }

    private static void Decisions(RunReport report, Terminal terminal)
    {
        foreach (var decision in report.Decisions.Take(MostRows))
        {
            var pool = decision.Pool.Length == 0
                ? "" : $" {decision.Pool}{(decision.Count == 0 ? "" : $" x{decision.Count}")}";
            terminal.Out.WriteLine($"{decision.At.UtcDateTime:HH:mm:ss} {decision.Kind}{pool}: {decision.Why}");
            foreach (var rejected in decision.Rejected)
                terminal.Out.WriteLine($"         not {rejected.Pool}: {rejected.Why}");
        }
        if (report.Decisions.Count > 0) terminal.Out.WriteLine();
        if (report.Decisions.Count > MostRows)
            terminal.Out.WriteLine($"... and {report.Decisions.Count - MostRows} more decisions; -o json has all of them");
    }
}
