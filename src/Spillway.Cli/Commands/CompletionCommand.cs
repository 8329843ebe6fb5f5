using System.CommandLine;
using Spillway.Cli.Output;

namespace Spillway.Cli.Commands;

/// <summary>Prints the script that makes a shell complete commands, options and their values.</summary>
internal static class CompletionCommand
{
    // All three ask the command itself through its [suggest] directive, so they never go stale.
    private static readonly Dictionary<string, string> Scripts = new(StringComparer.Ordinal)
    {
        ["bash"] = """
            _spillway() {
                local IFS=$'\n'
                COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" \
                    -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _spillway spillway ./spillway
            """,
        ["zsh"] = """
            _spillway() {
                local -a answers
                answers=("${(@f)$("${words[1]}" "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
                compadd -a answers
                _files
            }
            compdef _spillway spillway
            """,
        ["fish"] = """
            complete -c spillway -a '(spillway "[suggest:"(commandline -C)"]" (commandline -cp) 2>/dev/null)'
            """,
    };

    public static Command Build(Terminal terminal)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong([.. Scripts.Keys]);
        var command = new ExampleCommand("completion", "Print the script that makes a shell complete this command")
        {
            Examples =
            [
                ("source <(spillway completion bash)", "complete in this shell"),
                ("spillway completion zsh > ~/.zfunc/_spillway", "complete in every new zsh"),
            ],
        };
        command.Add(shell);
        command.SetAction(parsed =>
        {
            terminal.Out.WriteLine(Scripts[parsed.GetRequiredValue(shell)]);
            return (int)ExitCode.Done;
        });
        return command;
    }
}
