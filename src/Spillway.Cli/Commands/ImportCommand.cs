using System.CommandLine;
using Spillway.Cli.Inputs;
using Spillway.Cli.Output;
using Spillway.Core.Overlay.WireGuard;
using Spillway.Core.Quantities;

namespace Spillway.Cli.Commands;

/// <summary>Turns what somebody built by hand into a cluster file.</summary>
internal static class ImportCommand
{
    public static Command Build(Terminal terminal)
    {
        var command = new ExampleCommand("import", "Write a cluster file from what was built by hand")
        {
            Examples =
            [
                ("spillway import wireguard /etc/wireguard > cluster.yaml", "adopt a hub and its clients"),
            ],
        };
        command.Add(WireGuard(terminal));
        return command;
    }

    private static Command WireGuard(Terminal terminal)
    {
        var folder = new Argument<string>("DIR")
        {
            Description = "A folder with the wg-quick files (*.conf) of the hub and of those clients that you have",
        };
        var name = new Option<string>("--name")
        {
            Description = "The cluster's name",
            DefaultValueFactory = _ => "adopted",
            HelpName = "NAME",
        };
        var command = new ExampleCommand("wireguard",
            "Adopt a WireGuard hub and its clients: addresses, keys and ports stay, private keys stay where they are")
        {
            Examples =
            [
                ("spillway import wireguard /etc/wireguard > cluster.yaml", "the cluster file; findings go to the screen"),
                ("spillway import wireguard vpn --name lab | spillway check -", "adopt and check"),
            ],
        };
        command.Add(folder);
        command.Add(name);
        command.SetAction(parsed => (int)Adopt(
            parsed.GetRequiredValue(folder), parsed.GetRequiredValue(name), terminal));
        return command;
    }

    private static ExitCode Adopt(string folder, string name, Terminal terminal)
    {
        if (!KubernetesNames.IsDnsLabel(name))
            throw new CommandFailure(ExitCode.Usage, $"'{name}' is no name: lower-case letters, digits and '-'");
        if (!Directory.Exists(folder))
            throw new CommandFailure(ExitCode.No, $"{folder}: no such folder");
        var paths = Directory.EnumerateFiles(folder, "*.conf").Order(StringComparer.Ordinal).ToList();
        if (paths.Count == 0)
            throw new CommandFailure(ExitCode.No, $"{folder}: there is no *.conf in it");
        var files = InputFiles.Read(paths)
            .Select(file => WgQuickParser.Parse(file.Name, WgQuickFile.Decode(file.Content.Span)))
            .ToList();

        var adopted = WireGuardImport.Adopt(name, files);
        ClusterInput.Print(adopted.Diagnostics, terminal.Error);
        if (adopted.ClusterFile is null)
            return ExitCode.No;
        terminal.Out.Write(adopted.ClusterFile);
        return ExitCode.Done;
    }
}
