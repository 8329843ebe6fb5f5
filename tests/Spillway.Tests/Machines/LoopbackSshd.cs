using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Spillway.Core.Ports;
using Spillway.Core.Quantities;
using Spillway.Machines.Ssh;
using Spillway.Tests.Cli;

namespace Spillway.Tests.Machines;

/// <summary>A real sshd on the loopback, with keys of its own, for one test class.</summary>
public sealed class LoopbackSshd : IAsyncLifetime
{
    private readonly TemporaryFolder folder = new();
    private readonly int port = FreePort();
    private Process? daemon;
    private SshHosts? hosts;

    /// <summary>Where the daemon is; null when this machine has none.</summary>
    public static string? Program { get; } = new[]
    {
        "/usr/sbin/sshd", Path.Combine(SpillwayProcess.Root, "artifacts/sshd/usr/sbin/sshd"),
    }.FirstOrDefault(File.Exists);

    public string Folder => folder.Path;

    public static void SkipWhereMissing()
    {
        Assert.SkipWhen(Program is null, "no sshd on this machine (./test unpacks one)");
        Assert.SkipUnless(Environment.UserName == "root", "the loopback sshd needs root, as hosts do");
    }

    public async ValueTask InitializeAsync()
    {
        if (Program is null || Environment.UserName != "root") return;
        // sshd insists on this folder, which a package would make; on a tmpfs in /run.
        Directory.CreateDirectory("/run/sshd");
        foreach (var key in new[] { "host", "user" })
            await ToolAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", Path.Combine(Folder, key));
        File.Copy(Path.Combine(Folder, "user.pub"), Path.Combine(Folder, "authorized"));
        File.SetUnixFileMode(Path.Combine(Folder, "authorized"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        folder.Write("known_hosts", $"[127.0.0.1]:{port} {await File.ReadAllTextAsync(Path.Combine(Folder, "host.pub"))}");
        folder.Write("sshd_config", $"""
            Port {port}
            ListenAddress 127.0.0.1
            HostKey {Folder}/host
            AuthorizedKeysFile {Folder}/authorized
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            PidFile none
            """);
        folder.Write(SshSettings.ConfigName, """
            Host *
                IdentityFile user
                IdentitiesOnly yes
                UserKnownHostsFile known_hosts
            """);
        StartDaemon();
        hosts = new SshHosts(SshSettings.Beside(Folder), TimeProvider.System);
    }

    public IHost Open() => hosts!.Open("box", new SshTarget("root", "127.0.0.1", port));

    /// <summary>Ends the daemon and every connection it serves, as a machine that loses its power does.</summary>
    public void Cut()
    {
        daemon!.Kill(entireProcessTree: true);
        daemon.WaitForExit();
    }

    public void StartDaemon()
    {
        // The user that Debian's package would have made, for this one process.
        var users = File.ReadAllText("/etc/passwd");
        folder.Write("passwd", users.Contains("\nsshd:") ? users : users + "sshd:x:65533:65534::/run/sshd:/bin/false\n");
        string[] arguments =
        [
            "--mount", "sh", "-c", "mount --bind \"$1\" /etc/passwd && shift && exec \"$@\"", "sh",
            Path.Combine(Folder, "passwd"), Program!, "-D", "-e", "-f", Path.Combine(Folder, "sshd_config"),
        ];
        var start = new ProcessStartInfo("unshare", arguments)
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        };
        start.Environment["LD_LIBRARY_PATH"] = Path.GetFullPath(Path.Combine(Program!, "../../lib/x86_64-linux-gnu"));
        daemon = Process.Start(start)!;
        var said = "";
        while (daemon.StandardError.ReadLine() is { } line)
        {
            if (line.Contains("listening on")) return;
            said = line;
        }
        throw new InvalidOperationException($"sshd did not start: {said}");
    }

    public async ValueTask DisposeAsync()
    {
        if (hosts is not null) await hosts.DisposeAsync();
        if (daemon is not null)
        {
            daemon.Kill(entireProcessTree: true);
            daemon.Dispose();
        }
        folder.Dispose();
    }

    private static async Task ToolAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, program);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
