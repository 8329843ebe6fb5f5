using System.Globalization;
using System.Text;
using Spillway.Core.Bootstrap;
using Spillway.Core.Quantities;

namespace Spillway.Core.Ports;

/// <summary>A machine on which commands can be run as root.</summary>
/// <remarks>
/// Failure contract: whatever happens between here and the machine is an answer, not an exception. After
/// <see cref="HostAnswer.Cut"/> and <see cref="HostAnswer.TimedOut"/> nobody knows how far the command came, so
/// everything that is run has to bear being run again.
/// </remarks>
public interface IHost
{
    /// <summary>The machine's name in the cluster file.</summary>
    string Name { get; }

    Task<HostAnswer> RunAsync(HostCommand command, CancellationToken cancellationToken);
}

/// <summary>A script for bash, run as root. Other users of the machine can read it while it runs.</summary>
/// <param name="Script">Fixed text: names and paths go into <see cref="Arguments"/>, which no shell interprets.</param>
public sealed record HostCommand(string Script)
{
    /// <summary><c>$1</c>, <c>$2</c> … of the script. Nothing secret: process lists show them.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>The script's standard input, the way for secrets; null for none.</summary>
    public string? Input { get; init; }

    /// <summary>How long it may take. Default five minutes: a package installation over a slow line.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Held on the machine while something is changed there: a command outlives the ssh that was killed, and the next
    /// one must not meet it half-way.
    /// </summary>
    public const string LockPath = "/run/spillway.lock";

    /// <summary>
    /// Puts files in place, each whole or not at all, with its folder, and then runs a script. Contents travel by standard
    /// input, and no file is ever readable with more than its mode.
    /// </summary>
    /// <param name="run">For bash, which stops at the first failure; empty for none.</param>
    public static HostCommand Write(IReadOnlyList<HostFile> files, string run = "") => new(
        """
        set -euo pipefail
        exec 9>/run/spillway.lock
        flock -w 600 9
        run=$1
        shift
        while [ $# -gt 0 ]; do
          folder=$(dirname -- "$1")
          [ -d "$folder" ] || (umask 022; mkdir -p -- "$folder")
          draft=$(mktemp -- "$folder/.spillway.XXXXXX")
          trap 'rm -f -- "$draft"' EXIT
          head -c "$3" >"$draft"
          [ "$(stat -c %s -- "$draft")" = "$3" ]
          chmod -- "$2" "$draft"
          sync -- "$draft"
          mv -f -- "$draft" "$1"
          shift 3
        done
        [ -z "$run" ] || exec bash --norc -euo pipefail -c "$run" spillway </dev/null
        """)
    {
        Arguments =
        [
            run,
            .. files.SelectMany(file => new[]
            {
                file.Path, file.Mode,
                Encoding.UTF8.GetByteCount(file.Content).ToString(CultureInfo.InvariantCulture),
            }),
        ],
        Input = string.Concat(files.Select(file => file.Content)),
    };
}

/// <summary>What became of a command on a machine.</summary>
public abstract record HostAnswer
{
    private HostAnswer()
    {
    }

    /// <summary>It ran to its end.</summary>
    public sealed record Done(int ExitCode, string Output, string Error) : HostAnswer;

    /// <summary>The machine could not be reached, or the line was cut while it ran.</summary>
    /// <param name="Why">In ssh's own words.</param>
    public sealed record Cut(string Why) : HostAnswer;

    /// <summary>It took longer than it may and was ended.</summary>
    public sealed record TimedOut(TimeSpan After) : HostAnswer;

    public bool Succeeded => this is Done { ExitCode: 0 };

    /// <summary>For people: why it did not succeed, on one line.</summary>
    public string Complaint => this switch
    {
        Done done => $"exit code {done.ExitCode}" + (LastLine(done.Error.Length > 0 ? done.Error : done.Output) is
            { Length: > 0 } said ? $": {said}" : ""),
        Cut cut => cut.Why,
        TimedOut late => $"no end after {Durations.Print(late.After)}",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static string LastLine(string text) =>
        text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? "";
}
