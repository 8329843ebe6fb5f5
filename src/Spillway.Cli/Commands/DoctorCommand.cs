using System.CommandLine;
using System.Text.Json.Nodes;
using Spillway.Cli.Clusters;
using Spillway.Cli.Inputs;
using Spillway.Cli.Machines;
using Spillway.Cli.Output;
using Spillway.Controllers.Doctor;
using Spillway.Core.Doctor;

namespace Spillway.Cli.Commands;

/// <summary>Looks at real machines layer by layer and names the first broken one.</summary>
internal static class DoctorCommand
{
    public static Command Build(Terminal terminal)
    {
        var file = SharedOptions.ClusterFile();
        var state = SharedOptions.State();
        var output = OutputOption.Create();
        var between = new Option<string[]>("--between")
        {
            Description = "Two machines; all pairs otherwise",
            AllowMultipleArgumentsPerToken = true,
            Arity = new ArgumentArity(2, 2),
            HelpName = "A B",
        };
        var all = new Option<bool>("--all-layers") { Description = "Show every layer of every pair, not only what is broken" };
        var command = new ExampleCommand("doctor", "Walk the layers between machines and name the first broken one")
        {
            Examples =
            [
                ("spillway doctor examples/lab", "all pairs, with proof and fix of what is broken"),
                ("spillway doctor cluster.yaml --between control gpu-box --all-layers", "one pair, layer by layer"),
            ],
        };
        foreach (var part in new Option[] { state, output, between, all })
            command.Add(part);
        command.Add(file);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var path = parsed.GetRequiredValue(file);
            var input = ClusterInput.Load([path], terminal);
            if (!MachineRoom.IsFor(input.Cluster))
                throw new CommandFailure(ExitCode.No, "the embedded distribution has no machines to look at");
            var folder = StateFolder.Of(parsed.GetValue(state), path, input.Cluster);
            await using var room = MachineRoom.Open(input, folder, path);
            var names = parsed.GetValue(between);
            foreach (var name in names ?? [])
            {
                if (!room.Hosts.ContainsKey(name))
                    throw new CommandFailure(ExitCode.Usage,
                        $"--between: there is no machine {name}; there are {string.Join(", ", room.Hosts.Keys)}");
            }

            var plan = room.Network(new Dictionary<string, string>());
            var diagnoses = await Examination.OfAsync(
                plan, room.Hosts, names is [var from, var to] ? (from, to) : null, cancellationToken);
            OutputOption.Write(terminal, parsed.GetValue(output), Json(diagnoses),
                () => Print(diagnoses, parsed.GetValue(all), terminal));
            return (int)(diagnoses.All(diagnosis => diagnosis.FirstBroken is null) ? ExitCode.Done : ExitCode.No);
        });
        return command;
    }

    private static void Print(IReadOnlyList<Diagnosis> diagnoses, bool all, Terminal terminal)
    {
        if (all)
        {
            foreach (var finding in diagnoses.SelectMany(diagnosis => diagnosis.Findings))
                terminal.Out.WriteLine(
                    $"{finding.From} -> {finding.To}  {Mark(finding.Health)} {LayerNames.Of(finding.Layer)}: {finding.Proof}");
        }

        // One cause breaks many pairs: it is told once, with the pairs it breaks.
        var causes = diagnoses.Select(diagnosis => diagnosis.FirstBroken).OfType<Finding>()
            .GroupBy(finding => (finding.Layer, finding.Proof))
            .OrderBy(group => group.Key.Layer)
            .ToList();
        foreach (var cause in causes)
        {
            var pairs = string.Join(", ", cause.Select(finding => $"{finding.From} -> {finding.To}"));
            var lead = cause == causes[0] ? "first broken layer" : "also";
            terminal.Out.WriteLine($"{lead}: {LayerNames.Of(cause.Key.Layer)} ({pairs})");
            terminal.Out.WriteLine($"  proof: {cause.Key.Proof}");
            terminal.Out.WriteLine($"  fix:   {cause.First().Fix}");
        }

        var healthy = diagnoses.Count(diagnosis => diagnosis.FirstBroken is null);
        terminal.Out.WriteLine($"{healthy} of {ClusterInput.Count(diagnoses.Count, "way")} healthy");
    }

    private static string Mark(Health health) => health switch
    {
        Health.Good => "ok    ",
        Health.Broken => "BROKEN",
        _ => "-     ",
    };

    private static JsonArray Json(IReadOnlyList<Diagnosis> diagnoses) =>
    [
        .. diagnoses.Select(diagnosis => (JsonNode)new JsonObject
        {
            ["from"] = diagnosis.From,
            ["to"] = diagnosis.To,
            ["firstBroken"] = diagnosis.FirstBroken is { } broken ? LayerNames.Of(broken.Layer) : null,
            ["findings"] = new JsonArray([.. diagnosis.Findings.Select(finding => (JsonNode)new JsonObject
            {
                ["layer"] = LayerNames.Of(finding.Layer),
                ["health"] = finding.Health switch
                {
                    Health.Good => "good",
                    Health.Broken => "broken",
                    _ => "notSeen",
                },
                ["proof"] = finding.Proof,
                ["fix"] = finding.Fix.Length > 0 ? finding.Fix : null,
            })]),
        }),
    ];
}
