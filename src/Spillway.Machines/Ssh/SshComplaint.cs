namespace Spillway.Machines.Ssh;

/// <summary>Says what ssh's words mean for somebody who wants the machine in a cluster.</summary>
internal static class SshComplaint
{
    private static readonly (string Words, string Advice)[] Known =
    [
        ("Host key verification failed", "connect once by hand and compare its key, or put the key into known_hosts"),
        ("REMOTE HOST IDENTIFICATION HAS CHANGED", "the machine has another key than before: find out why first"),
        ("Permission denied", "ssh refused the login: load the key into the agent, or name it in the ssh configuration"),
        ("a password is required", "this user may not use sudo without a password there: log in as root, or allow it"),
        ("Could not resolve hostname", "no such host name here: mend the ssh: line or the ssh configuration"),
    ];

    public static string Of(string error)
    {
        var said = error.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (var (words, advice) in Known)
        {
            if (said.LastOrDefault(line => line.Contains(words, StringComparison.Ordinal)) is { } line)
                return $"{line} ({advice})";
        }

        return said.LastOrDefault() ?? "the connection ended before the command did";
    }
}
