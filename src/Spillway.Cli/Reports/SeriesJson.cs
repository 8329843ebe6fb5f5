using System.Text.Json.Nodes;
using Spillway.Core.Rehearsals;

namespace Spillway.Cli.Reports;

/// <summary>Use and cost over time, as means over equal steps.</summary>
internal static class SeriesJson
{
    private const int Decimals = 4;

    public static JsonObject Of(RehearsalSeries series)
    {
        var loads = Enumerable.Range(0, series.Count).Select(step => series[step]).ToArray();
        return new JsonObject
        {
            ["stepSeconds"] = series.StepSeconds,
            ["gpusUsed"] = Numbers(load => load.UsedGpuMilli / 1000),
            ["gpus"] = Numbers(load => load.GpuMilli / 1000),
            ["cpusUsed"] = Numbers(load => load.UsedCpuMillis / 1000),
            ["cpus"] = Numbers(load => load.CpuMillis / 1000),
            ["memoryGibUsed"] = Numbers(load => load.UsedMemoryMib / 1024),
            ["memoryGib"] = Numbers(load => load.MemoryMib / 1024),
            ["rentedGpusUsed"] = Numbers(load => load.RentedUsedGpuMilli / 1000),
            ["rentedGpus"] = Numbers(load => load.RentedGpuMilli / 1000),
            ["rentedCpusUsed"] = Numbers(load => load.RentedUsedCpuMillis / 1000),
            ["rentedCpus"] = Numbers(load => load.RentedCpuMillis / 1000),
            ["rentedMemoryGibUsed"] = Numbers(load => load.RentedUsedMemoryMib / 1024),
            ["rentedMemoryGib"] = Numbers(load => load.RentedMemoryMib / 1024),
            ["podsRunning"] = Numbers(load => load.RunningPods),
            ["podsWaiting"] = Numbers(load => load.WaitingPods),
            ["rentedNodes"] = Numbers(load => load.RentedNodes),
            ["onPremPerHour"] = Numbers(load => load.OnPremPerHour),
            ["cloudPerHour"] = Numbers(load => load.CloudPerHour),
        };

        JsonArray Numbers(Func<ClusterLoad, double> of) =>
            [.. loads.Select(load => (JsonNode)Math.Round(of(load), Decimals))];
    }
}
