using System.CommandLine;
using System.Text.Json.Nodes;
using Spillway.Cli.Clusters;
using Spillway.Cli.Inputs;
using Spillway.Cli.Output;
using Spillway.Core.ClusterFile;
using Spillway.Kubernetes;

namespace Spillway.Cli.Commands;

/// <summary>Sends workload files to a running cluster and says what becomes of their pods.</summary>
internal static class SubmitCommand
{
    public static Command Build(Terminal terminal)
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "Kubernetes manifests; - is standard input",
            Arity = ArgumentArity.OneOrMore,
        };
        var state = SharedOptions.State();
        var kubeconfig =
            new Option<string?>("--kubeconfig") { Description = "Submit to this cluster instead", HelpName = "FILE" };
        var wait = new Option<int>("--wait")
        {
            Description = "Seconds to wait for the pods to find a node or a reason",
            DefaultValueFactory = _ => 10,
            HelpName = "SECONDS",
        };
        var output = OutputOption.Create();
        var command = new ExampleCommand("submit", "Send workload files to the running cluster and say what becomes of them")
        {
            Examples =
            [
                ("spillway submit examples/inaccel-fpga-burst/sixteen.yaml", "a job that no node can take, and why"),
                ("spillway submit job.yaml --wait 0", "send it and do not wait"),
            ],
        };
        command.Add(files);
        command.Add(state);
        command.Add(kubeconfig);
        command.Add(wait);
        command.Add(output);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var paths = parsed.GetRequiredValue(files);
            var documents = Documents(paths, terminal);
            var client = Connect(parsed.GetValue(kubeconfig), parsed.GetValue(state), paths[0]);
            var limit = TimeSpan.FromSeconds(parsed.GetValue(wait));
            return (int)await RunAsync(client, documents, limit, parsed.GetValue(output), terminal, cancellationToken);
        });
        return command;
    }

    private static IReadOnlyList<FileDocument> Documents(string[] paths, Terminal terminal)
    {
        var read = ClusterFileReader.ReadWorkload(InputFiles.Read(paths));
        ClusterInput.Print(read.Diagnostics, terminal.Error);
        if (read.HasErrors) throw new CommandFailure(ExitCode.No, "nothing was submitted");
        return [.. read.SpillwayDocuments, .. read.KubernetesDocuments];
    }

    private static KubernetesClient Connect(string? kubeconfig, string? state, string path)
    {
        if (kubeconfig is not null)
            return new KubernetesClient(new HttpTransport(Kubeconfig.Load(kubeconfig), TimeProvider.System));
        var folder = state is null ? StateFolder.Beside(path) : new StateFolder(Path.GetFullPath(state));
        return folder.Connect(TimeProvider.System);
    }

    private static async Task<ExitCode> RunAsync(
        KubernetesClient client, IReadOnlyList<FileDocument> documents, TimeSpan limit, OutputFormat format,
        Terminal terminal, CancellationToken cancellationToken)
    {
        var submitted = await new WorkloadSubmission(client).SubmitAsync(documents, cancellationToken);
        foreach (var one in submitted) terminal.Error.WriteLine(one.ToString());
        var verdicts = await PodVerdicts.WaitAsync(client, submitted, limit, TimeProvider.System, cancellationToken);
        OutputOption.Write(terminal, format, Json(submitted, verdicts), () =>
        {
            foreach (var pod in verdicts) terminal.Out.WriteLine(pod.ToString());
        });
        return verdicts.Any(pod => pod.IsRefused) ? ExitCode.No : ExitCode.Done;
    }

    private static JsonObject Json(IEnumerable<Submitted> submitted, IEnumerable<PodVerdict> verdicts) => new()
    {
        ["objects"] = new JsonArray([.. submitted.Select(one => (JsonNode)new JsonObject
        {
            ["kind"] = one.Kind,
            ["namespace"] = one.Namespace,
            ["name"] = one.Name,
            ["outcome"] = one.Outcome,
        })]),
        ["pods"] = new JsonArray([.. verdicts.Select(pod => (JsonNode)new JsonObject
        {
            ["namespace"] = pod.Namespace,
            ["name"] = pod.Name,
            ["phase"] = pod.Phase,
            ["node"] = pod.Node,
            ["why"] = pod.Why,
        })]),
    };
}
