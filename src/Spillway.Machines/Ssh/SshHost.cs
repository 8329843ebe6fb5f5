using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Spillway.Core.Ports;
using Spillway.Core.Bootstrap;
using Spillway.Core.Quantities;

namespace Spillway.Machines.Ssh;

/// <summary>One machine, reached by the system's ssh.</summary>
internal sealed partial class SshHost(
    string name, SshTarget target, SshSettings settings, string sockets, TimeProvider time) : IHost, IAsyncDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    // --norc: Debian's bash reads .bashrc when sshd starts it, and stumbles over it with -u.
    // ssh exits with 255 both when the line is cut and when the command does: only the mark tells that the command ended.
    // On the far side too the command has its time: a client that is gone ends nothing there.
    private const string Wrapper =
        """
        if [ "$(id -u)" = 0 ]; then set -- timeout -k 5 "$@"; else set -- sudo -n -- timeout -k 5 "$@"; fi
        "$@"
        code=$?
        printf '\nspillway:%d\n' "$code" >&2
        exit "$code"
        """;

    public string Name => name;

    public async Task<HostAnswer> RunAsync(HostCommand command, CancellationToken cancellationToken)
    {
        var seconds = Math.Max(1, (int)Math.Ceiling(command.Timeout.TotalSeconds));
        var line = string.Join(' ', new[]
        {
            "sh", "-c", Wrapper, "spillway", seconds.ToString(CultureInfo.InvariantCulture),
            "bash", "--norc", "-c", command.Script, "spillway",
        }.Concat(command.Arguments).Select(Shell.Quote));
        using var process = Start([.. Options(), "--", Destination(), line]);
        using var late = new CancellationTokenSource(command.Timeout + settings.ConnectTimeout + Grace, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        var output = ReadAsync(process.StandardOutput);
        var error = ReadAsync(process.StandardError);
        try
        {
            await FeedAsync(process, command.Input, both.Token);
            await process.WaitForExitAsync(both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            return new HostAnswer.TimedOut(command.Timeout);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return Answer(await output, await error, command.Timeout);
    }

    public async ValueTask DisposeAsync()
    {
        if (Directory.EnumerateFiles(sockets).Any())
        {
            using var process = Start([.. Options(), "-O", "exit", "--", Destination()]);
            var output = ReadAsync(process.StandardOutput);
            var error = ReadAsync(process.StandardError);
            process.StandardInput.Close();
            await process.WaitForExitAsync(CancellationToken.None);
            await Task.WhenAll(output, error);
        }
    }

    private static HostAnswer Answer(string output, string error, TimeSpan timeout)
    {
        if (Ending().Match(error) is not { Success: true } ending)
            return new HostAnswer.Cut(SshComplaint.Of(error));
        var code = int.Parse(ending.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        // timeout's own exit codes: 124 ended by TERM, 137 by KILL.
        return code is 124 or 137
            ? new HostAnswer.TimedOut(timeout)
            : new HostAnswer.Done(code, output, error[..ending.Index]);
    }

    private Process Start(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(settings.Program, arguments)
        {
            WorkingDirectory = settings.Folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start) ?? throw new IOException($"{settings.Program} could not be started");
    }

    private IEnumerable<string> Options()
    {
        if (settings.ConfigFile is { } file)
            yield return $"-F{file}";
        if (target.Port is { } port)
            yield return $"-p{port.ToString(CultureInfo.InvariantCulture)}";
        string[] options =
        [
            "BatchMode=yes", "ControlMaster=auto", $"ControlPath={Path.Combine(sockets, "%C")}", "ControlPersist=60",
            $"ConnectTimeout={(int)settings.ConnectTimeout.TotalSeconds}", "ServerAliveInterval=5",
            "ServerAliveCountMax=3", "ForwardAgent=no", "RequestTTY=no", "LogLevel=ERROR",
        ];
        foreach (var option in options)
            yield return $"-o{option}";
    }

    private string Destination() => target.User is { } user ? $"{user}@{target.Host}" : target.Host;

    private static async Task FeedAsync(Process process, string? input, CancellationToken cancellationToken)
    {
        try
        {
            if (input is not null)
                await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException) when (process.HasExited || input is not null)
        {
            // The far side ended without reading it all; its exit code and its words say why.
            process.StandardInput.BaseStream.Close();
        }
    }

    private static Task<string> ReadAsync(StreamReader reader) => reader.ReadToEndAsync(CancellationToken.None);

    [GeneratedRegex(@"\nspillway:(\d+)\n\z")]
    private static partial Regex Ending();
}
