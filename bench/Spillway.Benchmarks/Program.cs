using BenchmarkDotNet.Running;
using Spillway.Benchmarks.ApiServer;

switch (args)
{
    case ["apiserver"]:
        await ApiServerLoad.RunAsync();
        break;
    case ["apiserver-serve", var folder, var port]:
        await ApiServerLoad.ServeAsync(folder, int.Parse(port));
        break;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        break;
}
