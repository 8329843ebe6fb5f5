using System.Security.Cryptography;
using System.Text;
using Spillway.Core.Bootstrap;
using Spillway.Core.Ports;


namespace Spillway.Controllers.Bootstrap;

/// <summary>One thing that is to be so on a machine: how to see that it is, and how to make it so.</summary>
/// <param name="Name">Unique on its machine; the journal knows the step by it.</param>
/// <param name="Check">A shell script that exits with 0 when it is so already. Changes nothing, reads no input.</param>
/// <param name="Act">Makes it so, also after half of it was done; null for a gate, which is only waited for.</param>
public sealed record HostStep(string Name, string Why, string Check, HostCommand? Act)
{
    /// <summary>Takes it back; null where nothing is to be taken back.</summary>
    public HostCommand? Undo { get; init; }

    /// <summary>How long the check may still fail after the act. Zero unless services have to start.</summary>
    public TimeSpan Patience { get; init; }

    /// <summary>A file as it is to be.</summary>
    public static HostStep File(HostFile file, string why) =>
        new($"file {file.Path}", why, Holds(file), HostCommand.Write([file]))
        {
            Undo = new HostCommand("rm -f -- \"$1\"") { Arguments = [file.Path] },
        };

    /// <summary>A step of the plan in the words of a host: its files and its command travel together.</summary>
    public static HostStep Of(BootstrapStep step)
    {
        var checks = step.Files.Select(Holds);
        if (step.Check.Length > 0)
            checks = checks.Append(step.Check);
        return new HostStep(step.Name, step.Why, string.Join("\n", checks.Select(check => $"{{ {check}\n}} || exit 1")),
            HostCommand.Write(step.Files, step.Run))
        {
            Undo = step.Undo.Length == 0 ? null : new HostCommand("set -e\n" + step.Undo),
            Patience = TimeSpan.FromSeconds(20),
        };
    }

    /// <summary>Something that becomes so by itself, or does not.</summary>
    public static HostStep Gate(string name, string why, string check, TimeSpan patience) =>
        new(name, why, check, null) { Patience = patience };

    // A digest and no content: a check is part of a script that others on the machine can read.
    private static string Holds(HostFile file)
    {
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file.Content)));
        var path = Shell.Quote(file.Path);
        var mode = Convert.ToString(Convert.ToInt32(file.Mode, 8), 8);
        return $"[ \"$(stat -c %a {path})\" = {mode} ] && [ \"$(sha256sum <{path})\" = '{digest}  -' ]";
    }
}

/// <summary>How it went on one machine.</summary>
public abstract record HostOutcome(string Host)
{
    /// <param name="Changed">Names of the steps that had to be taken; none when all was so already.</param>
    public sealed record Done(string Host, IReadOnlyList<string> Changed) : HostOutcome(Host);

    /// <param name="Step">Where it stopped; everything before it holds, and the next run goes on from it.</param>
    /// <param name="Why">Without secrets.</param>
    public sealed record Failed(string Host, string Step, string Why) : HostOutcome(Host);

    /// <summary>Nothing is wrong with it; another machine's failure came first.</summary>
    public sealed record Waiting(string Host, string Why) : HostOutcome(Host);
}
