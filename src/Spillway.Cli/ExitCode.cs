namespace Spillway.Cli;

/// <summary>What the command's exit status means; docs/reference/cli.md lists them.</summary>
public enum ExitCode
{
    Done = 0,

    /// <summary>The answer is no: an invalid file, a job that cannot be placed, a failed check.</summary>
    No = 1,

    /// <summary>The command was called wrongly.</summary>
    Usage = 2,

    /// <summary>Something outside failed: a port, a disk, a server, a cloud.</summary>
    Outside = 3,
}

/// <summary>Ends a command with a message for people. Everything else that is thrown is a bug and says so.</summary>
public sealed class CommandFailure(ExitCode code, string message, Exception? inner = null) : Exception(message, inner)
{
    public ExitCode Code { get; } = code;
}
