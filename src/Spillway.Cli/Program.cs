using Spillway.Cli;
using Spillway.Cli.Output;

return (int)await CommandLine.RunAsync(args, Terminal.OfThisProcess());
