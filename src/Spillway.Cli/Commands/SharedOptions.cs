using System.CommandLine;

namespace Spillway.Cli.Commands;

/// <summary>Arguments and options that several commands have in common.</summary>
internal static class SharedOptions
{
    public static Argument<string> ClusterFile() => new("FILE")
    {
        Description = "The cluster file, or a folder with cluster.yaml and its workload",
        DefaultValueFactory = _ => ".",
    };

    public static Option<string?> State() => new("--state")
    {
        Description = "Where the cluster's state is kept (default: .spillway/NAME beside the cluster file)",
        HelpName = "DIR",
    };

    public static Option<int> Seed() => new("--seed")
    {
        Description = "Seed of everything that is drawn: names, jitter, spot interruptions",
        DefaultValueFactory = _ => 1,
        HelpName = "N",
    };
}
