using System.Text;
using System.Text.Json;
using Spillway.Cli.Rehearsals;

namespace Spillway.Cli.Reports;

/// <summary>
/// A rehearsal as one HTML page that needs nothing beside it: style, script and figures are in it. The figures are the
/// object that <c>-o json</c> prints; of what is too much for a page it holds a part, and says which.
/// </summary>
internal static class PageReport
{
    public const int MostPods = 10_000;
    public const int MostNodes = 3_000;
    public const int MostDecisions = 3_000;
    public const int MostPodsOfDecision = 100;

    private const string Folder = "Spillway.Cli.Reports.Page.";

    /// <summary>Written beside its place first, so that a failure leaves no half page and no damaged older one.</summary>
    /// <exception cref="CommandFailure">The file cannot be written.</exception>
    public static void Write(string path, RehearsalResult result)
    {
        var draft = path + ".part";
        try
        {
            using (var file = File.Create(draft)) Write(file, result);
            File.Move(draft, path, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(draft)) File.Delete(draft);
            throw new CommandFailure(ExitCode.Outside, $"{path}: cannot be written: {failure.Message}", failure);
        }
    }

    private static void Write(Stream file, RehearsalResult result)
    {
        var page = Part("page.html").Replace("/*style*/", Part("page.css"), StringComparison.Ordinal)
            .Replace("/*script*/", Part("page.js"), StringComparison.Ordinal)
            .Split("/*data*/");
        file.Write(Encoding.UTF8.GetBytes(page[0]));
        // The writer's usual escapes leave no '<' in any text: nothing in a name can end the script element.
        using (var writer = new Utf8JsonWriter(file)) WriteData(writer, result);
        file.Write(Encoding.UTF8.GetBytes(page[1]));
    }

    private static void WriteData(Utf8JsonWriter writer, RehearsalResult result)
    {
        var report = result.Report;
        var pods = ShownPods(report);
        var nodes = Spaced(report.Nodes.Count, MostNodes);
        var decisions = report.Decisions.Take(MostDecisions).Select(decision => decision with
        {
            Pods = [.. decision.Pods.Take(MostPodsOfDecision)],
        });
        var shown = result with
        {
            Report = report with
            {
                Pods = [.. pods.Select(index => report.Pods[index])],
                Nodes = [.. nodes.Select(index => report.Nodes[index])],
                Decisions = [.. decisions],
            },
        };
        writer.WriteStartObject();
        writer.WritePropertyName("rehearsal");
        shown.WriteTo(writer, writer.Flush);
        writer.WriteStartObject("page");
        writer.WriteString("start", Rehearsal.Start.UtcDateTime);
        writer.WriteNumber("allPods", report.Pods.Count);
        writer.WriteNumber("allNodes", report.Nodes.Count);
        writer.WriteNumber("allDecisions", report.Decisions.Count);
        writer.WriteNumber("mostPodsOfDecision", MostPodsOfDecision);
        writer.WritePropertyName("map");
        NodeMap.Of(report, result.Sizes, Rehearsal.Start, nodes).WriteTo(writer);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    // Those that never started and those that waited longest are what people look for.
    private static IReadOnlyList<int> ShownPods(RunReport report)
    {
        if (report.Pods.Count <= MostPods) return [.. Enumerable.Range(0, report.Pods.Count)];
        return
        [
            .. Enumerable.Range(0, report.Pods.Count)
                .OrderBy(index => report.Pods[index].StartedAt is not null)
                .ThenByDescending(index => report.Waited(report.Pods[index]))
                .ThenBy(static index => index)
                .Take(MostPods).Order(),
        ];
    }

    private static int[] Spaced(int count, int most) => count <= most
        ? [.. Enumerable.Range(0, count)]
        : [.. Enumerable.Range(0, most).Select(place => (int)((long)place * count / most))];

    private static string Part(string name)
    {
        using var stream = typeof(PageReport).Assembly.GetManifestResourceStream(Folder + name)
            ?? throw new InvalidOperationException($"{name} is not in the program");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
