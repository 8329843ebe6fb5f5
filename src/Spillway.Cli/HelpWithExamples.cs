using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Spillway.Cli;

/// <summary>A subcommand that carries the examples its help shows.</summary>
internal sealed class ExampleCommand(string name, string description) : Command(name, description)
{
    /// <summary>A command line and what it is for.</summary>
    public required IReadOnlyList<(string Line, string Purpose)> Examples { get; init; }
}

/// <summary>The usual help, then examples and where to go on.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        usual.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        if (parseResult.CommandResult.Command is ExampleCommand command)
        {
            output.WriteLine("Examples:");
            foreach (var (line, purpose) in command.Examples)
            {
                output.WriteLine($"  # {purpose}");
                output.WriteLine($"  {line}");
            }
            output.WriteLine();
        }
        else
        {
            output.WriteLine("First steps:");
            output.WriteLine("  spillway up examples/inaccel-fpga-burst --exit-when-idle   # watch a job burst and come back");
            output.WriteLine("  spillway rehearse examples/inaccel-fpga-burst              # the same in virtual time, with the bill");
            output.WriteLine();
            output.WriteLine("Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 a failure outside.");
            output.WriteLine();
        }
        return 0;
    }
}
