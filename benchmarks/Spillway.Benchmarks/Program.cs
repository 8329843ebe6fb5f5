using BenchmarkDotNet.Running;
using Spillway.Benchmarks.ApiServer;
using Spillway.Benchmarks.Consolidation;
using Spillway.Benchmarks.Placement;
using Spillway.Benchmarks.Planner;

switch (args)
{
    case ["apiserver"]:
        await ApiServerLoad.RunAsync();
        break;
    case ["apiserver-serve", var folder, var port]:
        await ApiServerLoad.ServeAsync(folder, int.Parse(port));
        break;
    case ["openb", .. var rest]:
        return OpenbBenchmark.Run(rest);
    case ["planner", .. var rest]:
        return PlannerCommand.Run(rest);
    case ["table", var workloads]:
        return PlannerCommand.Table(workloads);
    case ["autoscaler"]:
        return AutoscalerCommand.Run();
    case ["consolidation", .. var rest]:
        return ConsolidationBenchmark.Run(rest);
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        break;
}
return 0;
