using Spillway.Core.Ports;
using Spillway.Core.Quantities;

namespace Spillway.Machines.Ssh;

/// <summary>How the system's ssh is called: its own configuration, agent, jump hosts and known hosts stay in force.</summary>
/// <param name="Folder">Relative paths of the configuration start here: the cluster file's folder.</param>
public sealed record SshSettings(string Folder)
{
    /// <summary>A configuration of the cluster's own beside its file, read instead of the user's, which it can include.</summary>
    public const string ConfigName = "ssh_config";

    public string Program { get; init; } = "ssh";

    /// <summary>Null: the user's own.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>How long a connection may take to come about. Default 10 s: chosen, not measured.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The settings for a cluster file in this folder.</summary>
    public static SshSettings Beside(string folder)
    {
        var own = Path.Combine(folder, ConfigName);
        return new SshSettings(folder) { ConfigFile = File.Exists(own) ? own : null };
    }
}

/// <summary>
/// Machines over ssh. Each has one connection that all its commands share; connections end with this object, or a minute
/// after a kill.
/// </summary>
public sealed class SshHosts(SshSettings settings, TimeProvider time) : IAsyncDisposable
{
    private readonly List<SshHost> hosts = [];

    // Short, since a socket's path holds 107 bytes; and nobody else's to enter.
    private readonly Lazy<string> sockets = new(() => Directory.CreateTempSubdirectory("spillway-").FullName);

    /// <param name="name">The machine's name in the cluster file.</param>
    public IHost Open(string name, SshTarget target)
    {
        var host = new SshHost(name, target, settings, sockets.Value, time);
        hosts.Add(host);
        return host;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in hosts)
            await host.DisposeAsync();
        if (sockets.IsValueCreated)
            Directory.Delete(sockets.Value, recursive: true);
    }
}
