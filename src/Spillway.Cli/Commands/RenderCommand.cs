using System.CommandLine;
using System.Text.Json.Nodes;
using Spillway.Cli.Clusters;
using Spillway.Cli.Inputs;
using Spillway.Cli.Output;
using Spillway.Core.Bootstrap;
using Spillway.Core.ClusterFile;
using Spillway.Core.ClusterFile.Yaml;
using Spillway.Core.Overlay;
using Spillway.Core.Overlay.OpenVpn;
using Spillway.Core.Overlay.WireGuard;
using Spillway.Core.Plans;

namespace Spillway.Cli.Commands;

/// <summary>Prints the files of the plan for those who apply them by hand.</summary>
internal static class RenderCommand
{
    private sealed record Kind(
        string Name, string Purpose, Func<OverlayPlan, OverlayNode, IReadOnlyList<HostFile>> Files);

    private static readonly Kind[] OfMachines =
    [
        new("wireguard", "The wg-quick file of a machine; its private key stays on the machine", WireGuard),
        new("openvpn", "The OpenVPN server's or a client's configuration", OpenVpn),
        new("kubeadm", "kubeadm's configuration of a machine: init on the first control plane, join elsewhere",
            (plan, node) => Distributed(Distribution.Kubeadm, plan, KubeadmConfig.For(node, plan))),
        new("rke2", "RKE2's config.yaml, registries.yaml and pod network settings",
            (plan, node) => Distributed(Distribution.Rke2, plan, RancherConfig.For(node, plan))),
        new("k3s", "k3s' config.yaml, registries.yaml and pod network",
            (plan, node) => Distributed(Distribution.K3s, plan, RancherConfig.For(node, plan))),
        new("script", "All steps of a machine as a script that may be run again",
            (plan, node) => [new HostFile("/opt/spillway/bootstrap.sh", "0755",
                NodeScript.Bash(node.Name, Steps(plan, node)))]),
        new("cloud-init", "User-data that runs the script; it holds no secret",
            (plan, node) => [new HostFile("/user-data", "0644", NodeScript.CloudInit(node.Name, Steps(plan, node)))]),
    ];

    public static Command Build(Terminal terminal)
    {
        var command = new ExampleCommand("render", "Print the files of the plan, to apply by hand")
        {
            Examples =
            [
                ("spillway render wireguard --machine gpu-box cluster.yaml", "one machine's tunnel"),
                ("spillway render hosts --site office cluster.yaml", "names for the office's DNS"),
            ],
        };
        foreach (var kind in OfMachines)
            command.Add(Machine(kind, terminal));
        command.Add(Names("hosts", "The file's names as lines of /etc/hosts", NameFiles.Hosts, terminal));
        command.Add(Names("dnsmasq", "The file's names for /etc/dnsmasq.d", NameFiles.Dnsmasq, terminal));
        command.Add(Names("coredns", "The file's names as server blocks of a Corefile", NameFiles.CoreDns, terminal));
        command.Add(PodNetwork(terminal));
        return command;
    }

    private static Command Machine(Kind kind, Terminal terminal)
    {
        var machine = new Option<string>("--machine")
        {
            Description = "The machine it is for", HelpName = "NAME", Required = true,
        };
        var byHand = new Option<bool>("--seed-compatible")
        {
            Description = "Only the lines that people write by hand, with SaveConfig and a place for the private key",
        };
        var folder = new Option<string?>("--out")
        {
            Description = "Write the files below this folder instead of printing them", HelpName = "DIR",
        };
        var (file, state, output) = (SharedOptions.ClusterFile(), SharedOptions.State(), OutputOption.Create());
        var command = new ExampleCommand(kind.Name, kind.Purpose)
        {
            Examples = [($"spillway render {kind.Name} --machine gpu-box cluster.yaml", "print it")],
        };
        command.Add(file);
        command.Add(machine);
        if (kind.Name == "wireguard")
            command.Add(byHand);
        command.Add(folder);
        command.Add(state);
        command.Add(output);
        command.SetAction(parsed =>
        {
            var plan = Plan(parsed.GetRequiredValue(file), parsed.GetValue(state), terminal);
            var name = parsed.GetRequiredValue(machine);
            var node = plan.Find(name) ?? throw new CommandFailure(ExitCode.No,
                $"there is no machine '{name}'; there are {string.Join(", ", plan.Nodes.Select(other => other.Name))}");
            IReadOnlyList<HostFile> files = parsed.GetValue(byHand)
                ? [new HostFile($"{WireGuardFiles.Folder}/{plan.Device}.conf", "0600", WireGuardFiles.AsByHand(node, plan))]
                : kind.Files(plan, node);
            Write(files, parsed.GetValue(folder), parsed.GetValue(output), terminal);
            return (int)ExitCode.Done;
        });
        return command;
    }

    private static Command Names(
        string name, string purpose, Func<OverlayPlan, string?, string> print, Terminal terminal)
    {
        var site = new Option<string?>("--site")
        {
            Description = "As seen from the local network of this site (default: from within the overlay)",
            HelpName = "NAME",
        };
        var (file, state) = (SharedOptions.ClusterFile(), SharedOptions.State());
        var command = new ExampleCommand(name, purpose)
        {
            Examples = [($"spillway render {name} --site office cluster.yaml", "for machines of the office")],
        };
        command.Add(file);
        command.Add(site);
        command.Add(state);
        command.SetAction(parsed =>
        {
            var plan = Plan(parsed.GetRequiredValue(file), parsed.GetValue(state), terminal);
            var from = parsed.GetValue(site);
            if (from is not null && plan.Nodes.All(node => node.Machine.Site != from))
                throw new CommandFailure(ExitCode.No, $"no machine stands at '{from}'");
            terminal.Out.Write(print(plan, from));
            return (int)ExitCode.Done;
        });
        return command;
    }

    private static Command PodNetwork(Terminal terminal)
    {
        var (file, state, output) = (SharedOptions.ClusterFile(), SharedOptions.State(), OutputOption.Create());
        var command = new ExampleCommand("pod-network", "The values of the pod network's Helm chart")
        {
            Examples = [("spillway render pod-network cluster.yaml > values.yaml", "interface, sizes and ranges")],
        };
        command.Add(file);
        command.Add(state);
        command.Add(output);
        command.SetAction(parsed =>
        {
            var values = Plan(parsed.GetRequiredValue(file), parsed.GetValue(state), terminal).Pods.Values;
            OutputOption.Write(terminal, parsed.GetValue(output), values,
                () => terminal.Out.Write(YamlWriter.From(values)));
            return (int)ExitCode.Done;
        });
        return command;
    }

    private static OverlayPlan Plan(string path, string? state, Terminal terminal)
    {
        var input = ClusterInput.Load([path], terminal);
        var earlier = StateFolder.Of(state, path, input.Cluster).ReadPlan();
        return OverlayPlanner.Plan(input.Cluster, PlanHistory.Of(earlier).OverlayAddresses);
    }

    private static IReadOnlyList<BootstrapStep> Steps(OverlayPlan plan, OverlayNode node) =>
        NodeSteps.For(node, plan) is { Count: > 0 } steps
            ? steps
            : throw new CommandFailure(ExitCode.No, $"{plan.Cluster.Name} installs nothing on its machines: "
                + "kubernetes.distribution is none of kubeadm, rke2 and k3s");

    private static IReadOnlyList<HostFile> Distributed(
        Distribution distribution, OverlayPlan plan, IReadOnlyList<HostFile> files) =>
        plan.Cluster.Kubernetes.Distribution == distribution
            ? files
            : throw new CommandFailure(ExitCode.No,
                $"the distribution of {plan.Cluster.Name} is another one: see kubernetes.distribution");

    private static IReadOnlyList<HostFile> WireGuard(OverlayPlan plan, OverlayNode node)
    {
        Needs(OverlayKind.WireGuard, plan, node);
        return [new HostFile($"{WireGuardFiles.Folder}/{plan.Device}.conf", "0600", WireGuardFiles.For(node, plan))];
    }

    private static IReadOnlyList<HostFile> OpenVpn(OverlayPlan plan, OverlayNode node)
    {
        Needs(OverlayKind.OpenVpn, plan, node);
        return OpenVpnFiles.For(node, plan);
    }

    private static void Needs(OverlayKind kind, OverlayPlan plan, OverlayNode node)
    {
        if (plan.Cluster.Overlay.Kind != kind)
            throw new CommandFailure(ExitCode.No, $"the overlay of {plan.Cluster.Name} is no {kind}: see overlay.kind");
        if (node.OverlayAddress is null)
            throw new CommandFailure(ExitCode.No, $"{node.Name} has no tunnel of its own: {node.NodeIpWhy}");
    }

    // A single file is printed as it is, so that it can be piped; several need their names.
    private static void Write(IReadOnlyList<HostFile> files, string? folder, OutputFormat format, Terminal terminal)
    {
        if (folder is not null)
        {
            foreach (var file in files)
                WriteBelow(folder, file, terminal);
            return;
        }

        var json = new JsonArray([.. files.Select(file => (JsonNode)new JsonObject
        {
            ["path"] = file.Path, ["mode"] = file.Mode, ["content"] = file.Content,
        })]);
        OutputOption.Write(terminal, format, json, () =>
        {
            foreach (var file in files)
            {
                if (files.Count > 1)
                    terminal.Out.Write($"##### {file.Path} (mode {file.Mode})\n");
                terminal.Out.Write(file.Content);
            }
        });
    }

    private static void WriteBelow(string folder, HostFile file, Terminal terminal)
    {
        var path = Path.Combine(folder, file.Path.TrimStart('/'));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var mode = (UnixFileMode)Convert.ToInt32(file.Mode, 8);
        File.Delete(path);
        using (var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode,
        }))
            stream.Write(System.Text.Encoding.UTF8.GetBytes(file.Content));
        terminal.Error.WriteLine($"wrote {path}");
    }
}
