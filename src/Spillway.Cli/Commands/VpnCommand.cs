using System.CommandLine;
using System.Text;
using Spillway.Cli.Clusters;
using Spillway.Cli.Inputs;
using Spillway.Cli.Output;
using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;
using Spillway.Core.Overlay.OpenVpn;
using Spillway.Core.Plans;
using Spillway.Core.Quantities;
using Spillway.Machines.OpenVpn;

namespace Spillway.Cli.Commands;

/// <summary>The OpenVPN overlay's own certificate authority, in the state folder.</summary>
internal static class VpnCommand
{
    public static Command Build(Terminal terminal)
    {
        var command = new ExampleCommand("vpn", "Issue and revoke certificates of an OpenVPN overlay")
        {
            Examples =
            [
                ("spillway vpn issue --machine gpu-box --request gpu-box.csr cluster.yaml > gpu-box.crt", "let it in"),
                ("spillway vpn revoke --machine gpu-box cluster.yaml", "shut it out"),
            ],
        };
        command.Add(Issue(terminal));
        command.Add(Revoke(terminal));
        return command;
    }

    private static Command Issue(Terminal terminal)
    {
        var (file, state, machine) = (SharedOptions.ClusterFile(), SharedOptions.State(), Machine());
        var request = new Option<string>("--request")
        {
            Description = "The machine's certificate request (PEM), made with its own key; - is standard input",
            HelpName = "FILE",
            Required = true,
        };
        var command = new ExampleCommand("issue", "Answer a machine's request with a certificate for its name and role")
        {
            Examples = [("spillway vpn issue --machine gpu-box --request gpu-box.csr cluster.yaml", "print it")],
        };
        command.Add(file);
        command.Add(machine);
        command.Add(request);
        command.Add(state);
        command.SetAction(parsed =>
        {
            var (authority, folder, plan) = Open(parsed.GetRequiredValue(file), parsed.GetValue(state), terminal);
            var name = parsed.GetRequiredValue(machine);
            var node = plan.Find(name) is { OverlayAddress: not null } found
                ? found
                : throw new CommandFailure(ExitCode.No, $"the file has no machine '{name}' with a tunnel of its own");
            var role = OpenVpnFiles.IsServer(node, plan) ? VpnRole.Server : VpnRole.Client;
            var pem = Encoding.UTF8.GetString(InputFiles.Read([parsed.GetRequiredValue(request)])[0].Content.Span);
            terminal.Out.Write(Answered(() => authority.Issue(name, role, pem)));
            terminal.Error.WriteLine($"it also needs ca.crt and tls-crypt.key"
                + $"{(role == VpnRole.Server ? ", and crl.pem," : "")} of {folder}");
            return (int)ExitCode.Done;
        });
        return command;
    }

    private static Command Revoke(Terminal terminal)
    {
        var (file, state, machine) = (SharedOptions.ClusterFile(), SharedOptions.State(), Machine());
        var command = new ExampleCommand("revoke", "Revoke all certificates of a machine, and print the new list")
        {
            Examples =
            [
                ("spillway vpn revoke --machine gpu-box cluster.yaml > crl.pem", "the server reads the list anew by itself"),
            ],
        };
        command.Add(file);
        command.Add(machine);
        command.Add(state);
        command.SetAction(parsed =>
        {
            var (authority, _, plan) = Open(parsed.GetRequiredValue(file), parsed.GetValue(state), terminal);
            var name = parsed.GetRequiredValue(machine);
            if (!KubernetesNames.IsDnsSubdomain(name))
                throw new CommandFailure(ExitCode.Usage, $"'{name}' is no machine's name");
            Answered(() =>
            {
                authority.Revoke(name);
                return "";
            });
            terminal.Out.Write(authority.RevocationList);
            terminal.Error.WriteLine(
                $"put it to {OpenVpnFiles.ServerFolder}/crl.pem on {plan.Hub}; {name} is out at its next handshake");
            return (int)ExitCode.Done;
        });
        return command;
    }

    private static (VpnAuthority Authority, string Folder, OverlayPlan Plan) Open(
        string path, string? state, Terminal terminal)
    {
        var input = ClusterInput.Load([path], terminal);
        if (input.Cluster.Overlay.Kind != OverlayKind.OpenVpn)
            throw new CommandFailure(ExitCode.No, $"the overlay of {input.Cluster.Name} is no OpenVPN: see overlay.kind");
        var states = StateFolder.Of(state, path, input.Cluster);
        var plan = OverlayPlanner.Plan(input.Cluster, PlanHistory.Of(states.ReadPlan()).OverlayAddresses);
        var folder = Path.Combine(states.Path, "vpn");
        return (VpnAuthority.Open(folder, input.Cluster.Name, TimeProvider.System), folder, plan);
    }

    private static Option<string> Machine() => new("--machine")
    {
        Description = "The machine it is about", HelpName = "NAME", Required = true,
    };

    private static string Answered(Func<string> ask)
    {
        try
        {
            return ask();
        }
        catch (VpnRefusal refusal)
        {
            throw new CommandFailure(ExitCode.No, refusal.Message, refusal);
        }
    }
}
