using Spectre.Console;
using Spillway.Cli.Output;
using Spillway.Controllers.Costs;
using Spillway.Core.Costs;

namespace Spillway.Cli.Reports;

/// <summary>A run's report as tables for people: what ran where, what was rented and why, and the bill.</summary>
internal static class ReportTables
{
    private const int MostRows = 40;

    public static void Write(RunReport report, Terminal terminal)
    {
        var console = terminal.Styled();
        console.Write(Pods(report));
        if (report.Pods.Count > MostRows)
            console.WriteLine($"... and {report.Pods.Count - MostRows} more pods; -o json has all of them");
        console.Write(Nodes(report));
        Decisions(report, console);
        Bill(report.Cost, console);
    }

    public static void Bill(CostSummary cost, IAnsiConsole console)
    {
        var table = Plain("COST", "AMOUNT", "");
        table.AddRow("owned machines", Text(cost.OnPrem), "write-off and electricity, idle time included");
        table.AddRow("rented nodes", Text(cost.Cloud), "launch to removal");
        table.AddRow("total", Text(cost.Total), "");
        table.AddRow("all in the cloud", Text(cost.AllCloud), "what the same pods would have cost without own machines");
        table.AddRow(cost.Saved.Amount < 0 ? "lost" : "saved", Text(cost.Saved with { Amount = Math.Abs(cost.Saved.Amount) }), "");
        console.Write(table);
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

    public static Table Plain(params string[] columns)
    {
        var table = new Table().NoBorder();
        table.ShowHeaders = true;
        foreach (var column in columns) table.AddColumn(new TableColumn(new Text(column)).PadRight(2).PadLeft(0));
        return table;
    }

    private static Table Pods(RunReport report)
    {
        var table = Plain("POD", "PHASE", "NODE", "WAITED", "RAN", "COST", "WHY");
        foreach (var pod in report.Pods.Take(MostRows))
        {
            Add(
                table,
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

    private static Table Nodes(RunReport report)
    {
        var table = Plain("NODE", "POOL", "TYPE", "PURCHASE", "PRICE", "RENTED FOR", "COST", "WHY");
        foreach (var node in report.Nodes)
        {
            Add(
                table,
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

    private static void Decisions(RunReport report, IAnsiConsole console)
    {
        foreach (var decision in report.Decisions.Take(MostRows))
        {
            var pool = decision.Pool.Length == 0 ? "" : $" {decision.Pool}{(decision.Count == 0 ? "" : $" x{decision.Count}")}";
            console.WriteLine($"{decision.At.UtcDateTime:HH:mm:ss} {decision.Kind}{pool}: {decision.Why}");
            foreach (var rejected in decision.Rejected) console.WriteLine($"         not {rejected.Pool}: {rejected.Why}");
        }
        if (report.Decisions.Count > MostRows)
            console.WriteLine($"... and {report.Decisions.Count - MostRows} more decisions; -o json has all of them");
    }

    // Cells are plain text: a name or reason with brackets in it must not be read as markup.
    private static void Add(Table table, params string[] cells) => table.AddRow([.. cells.Select(cell => new Text(cell))]);
}
