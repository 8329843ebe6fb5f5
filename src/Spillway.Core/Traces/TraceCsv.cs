using Spillway.Core.Placement;
using Spillway.Core.Placement.Sharing;

namespace Spillway.Core.Traces;

/// <summary>
/// Reads traces in CSV. Pods: `name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,creation_s,duration_s,wait_s,phase`
/// and what follows; nodes: `name,cpu_milli,memory_mib,gpu,gpu_model`. Columns are found by name, in any order; of pods
/// only `name` must be there. An empty field is not known. A column `procs` makes rows jobs that may span nodes.
/// </summary>
public static class TraceCsv
{
    /// <exception cref="TraceException">A line is not as it should be; the message has its line and column.</exception>
    public static IEnumerable<TraceJob> ReadPods(IEnumerable<string> lines)
    {
        PodColumns? columns = null;
        CsvRow? row = null;
        var number = 0;
        foreach (var line in lines)
        {
            number++;
            if (columns is null)
            {
                var header = new CsvHeader(line, ["name"]);
                columns = new PodColumns(header);
                row = new CsvRow(header);
            }
            else if (row!.Read(line, number)) yield return columns.Job(row);
        }
        if (columns is null) throw new TraceException(1, 1, "the file is empty; its first line names the columns");
    }

    /// <exception cref="TraceException">A line is not as it should be; the message has its line and column.</exception>
    public static IEnumerable<TraceNode> ReadNodes(IEnumerable<string> lines)
    {
        CsvHeader? header = null;
        CsvRow? row = null;
        var number = 0;
        foreach (var line in lines)
        {
            number++;
            if (header is null)
            {
                header = new CsvHeader(line, ["name", "cpu_milli"]);
                row = new CsvRow(header);
            }
            else if (row!.Read(line, number)) yield return Node(row, header);
        }
        if (header is null) throw new TraceException(1, 1, "the file is empty; its first line names the columns");
    }

    private static TraceNode Node(CsvRow row, CsvHeader header)
    {
        var name = row.Text(header["name"]);
        if (name.Length == 0) throw row.Wrong(header["name"], "a node without a name");
        var gpus = row.Whole(header["gpu"], "gpu");
        if (gpus > 64) throw row.Wrong(header["gpu"], $"{gpus} GPUs are more than the 64 a node may have");
        return new TraceNode(
            name, row.Whole(header["cpu_milli"], "cpu_milli"), row.Whole(header["memory_mib"], "memory_mib"),
            (int)gpus, row.Text(header["gpu_model"]));
    }

    private sealed class PodColumns(CsvHeader header)
    {
        private readonly int name = header["name"];
        private readonly int cpu = header["cpu_milli"];
        private readonly int memory = header["memory_mib"];
        private readonly int gpus = header["num_gpu"];
        private readonly int milli = header["gpu_milli"];
        private readonly int spec = header["gpu_spec"];
        private readonly int created = header["creation_s"];
        private readonly int duration = header["duration_s"];
        private readonly int wait = header["wait_s"];
        private readonly int procs = header["procs"];
        private readonly int group = header["vc"] >= 0 ? header["vc"] : header["queue"];
        private readonly Dictionary<string, ValueList<string>> models = new(StringComparer.Ordinal);
        private readonly Dictionary<string, string> groups = new(StringComparer.Ordinal);

        public TraceJob Job(CsvRow row)
        {
            if (row.IsEmpty(name)) throw row.Wrong(name, "a pod without a name");
            var count = row.Whole(gpus, "num_gpu");
            if (count > 1_000_000) throw row.Wrong(gpus, $"{count} GPUs are more than any job has");
            var part = row.Whole(milli, "gpu_milli", GpuShares.Whole);
            if (part > GpuShares.Whole)
                throw row.Wrong(milli, $"gpu_milli {part} is more than the 1000 thousandths of one GPU");
            if (count == 1 && part == 0) throw row.Wrong(milli, "one GPU of which no part is wanted (gpu_milli 0)");
            return new TraceJob
            {
                Name = row.Text(name),
                Line = row.Number,
                CpuMillis = row.Whole(cpu, "cpu_milli"),
                MemoryMib = row.Whole(memory, "memory_mib"),
                Gpus = (int)count,
                GpuMilli = count == 1 ? (int)part : count > 1 ? GpuShares.Whole : 0,
                GpuModels = Models(row.Text(spec)),
                Processors = (int)Math.Min(int.MaxValue, row.Whole(procs, "procs")),
                SubmittedAt = row.Seconds(created, "creation_s"),
                Duration = row.Seconds(duration, "duration_s"),
                RecordedWait = row.Seconds(wait, "wait_s"),
                Group = Once(row.Text(group)),
            };
        }

        private ValueList<string> Models(string text)
        {
            if (text.Length == 0) return [];
            if (models.TryGetValue(text, out var known)) return known;
            var list = text.Split('|', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Distinct().ToValueList();
            models.Add(text, list);
            return list;
        }

        private string Once(string text)
        {
            if (text.Length == 0 || groups.TryAdd(text, text)) return text;
            return groups[text];
        }
    }
}
