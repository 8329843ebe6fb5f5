using System.Text;
using Spillway.Core.Placement;

namespace Spillway.Benchmarks.Placement;

/// <summary>Clusters and pods to measure with: made up, or the others' benchmark from the shared data.</summary>
internal static class Workloads
{
    private const string ZoneKey = WellKnownLabels.Zone;
    private static readonly string[] Zones = ["test-zone-1", "test-zone-2", "test-zone-3"];

    public static IEnumerable<NodeRecord> Nodes(int count, int cpu, int memoryGib) => Enumerable.Range(0, count)
        .Select(i => new NodeRecord
        {
            Name = $"node-{i:D5}",
            Labels = LabelMap.Of((WellKnownLabels.Hostname, $"node-{i:D5}"), (ZoneKey, Zones[i % 3])),
            Allocatable = ResourceAmounts.Of(("cpu", $"{cpu}"), ("memory", $"{memoryGib}Gi"), ("pods", "110")),
        });

    /// <summary>Pods of a few dozen deployments, as a cluster has them all day.</summary>
    public static IEnumerable<PodRecord> Everyday(int count) => Enumerable.Range(0, count).Select(i =>
        Pod($"pod-{i:D6}", 100 + (i % 40 * 25), 128 + (i % 7 * 64)) with
        {
            Labels = LabelMap.Of(("app", $"app-{i % 40}")),
        });

    /// <summary>The pods of Karpenter's benchmark; see workloads/README.md of the shared data.</summary>
    public static List<PodRecord> Diverse(int count)
    {
        var file = Path.Combine(SharedFolder(), "data/workloads/karpenter-diverse", $"diverse-{count}.csv");
        var pods = new List<PodRecord>(count);
        foreach (var line in File.ReadLines(file).Skip(1))
        {
            var cells = line.Split(',');
            var pod = Pod($"pod-{int.Parse(cells[0]):D6}", long.Parse(cells[2]), long.Parse(cells[3])) with
            {
                Labels = LabelMap.Of((cells[4], cells[5])),
            };
            pods.Add(Constrain(pod, cells[1], own: LabelSelector.ForLabels((cells[4], cells[5])),
                other: LabelSelector.ForLabels(("my-label", cells[6]))));
        }
        return pods;
    }

    public static byte[] PodJson(int index) => Encoding.UTF8.GetBytes($$$"""
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-7d9c5b8f6d-{{{index}}}","generateName":"web-",
        "namespace":"team-{{{index % 9}}}","uid":"0b9d3a2e-5a43-4a47-9d43-{{{index:D12}}}",
        "resourceVersion":"{{{index}}}",
        "creationTimestamp":"2026-01-01T00:00:00Z","labels":{"app":"web","pod-template-hash":"7d9c5b8f6d"},
        "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-7d9c5b8f6d",
        "uid":"d0b1a2f1-7a3f-41d0-8f5e-0a4f6f1c2b3d","controller":true,"blockOwnerDeletion":true}]},
        "spec":{"volumes":[{"name":"kube-api-access","projected":{"sources":[{"serviceAccountToken":{}}]}}],
        "containers":[{"name":"web","image":"registry.example.com/web:1.2.3","args":["--port=8080","--verbose"],
        "ports":[{"containerPort":8080,"protocol":"TCP"}],"env":[{"name":"A","value":"1"}],
        "resources":{"limits":{"cpu":"1","memory":"1Gi"},
        "requests":{"cpu":"{{{100 + (index % 20)}}}m","memory":"256Mi"}},
        "volumeMounts":[{"name":"kube-api-access","mountPath":"/var/run/secrets"}]}],
        "restartPolicy":"Always","nodeName":"node-{{{index % 1000}}}","schedulerName":"default-scheduler","priority":0,
        "tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute"},
        {"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute"}],
        "topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"kubernetes.io/hostname",
        "whenUnsatisfiable":"ScheduleAnyway","labelSelector":{"matchLabels":{"app":"web"}}
        }]},
        "status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"podIP":"10.244.1.7",
        "startTime":"2026-01-01T00:00:05Z","containerStatuses":[{"name":"web","ready":true,"restartCount":0,
        "image":"registry.example.com/web:1.2.3","state":{"running":{"startedAt":"2026-01-01T00:00:09Z"}}
        }]}}
        """);

    private static PodRecord Constrain(PodRecord pod, string kind, LabelSelector own, LabelSelector other)
    {
        var ask = pod.Requirements;
        return pod with
        {
            Requirements = kind switch
            {
                "spread-zone" => ask with
                {
                    Spread = [new SpreadConstraint { TopologyKey = ZoneKey, Selector = other }],
                },
                "spread-host" => ask with
                {
                    Spread = [new SpreadConstraint { TopologyKey = WellKnownLabels.Hostname, Selector = other }],
                },
                "affinity-zone" => ask with { Affinity = [Term(ZoneKey, own)] },
                "antiaffinity-host" => ask with { AntiAffinity = [Term(WellKnownLabels.Hostname, own)] },
                _ => ask,
            },
        };
    }

    private static PodAffinityTerm Term(string key, LabelSelector selector) =>
        new() { TopologyKey = key, Selector = selector, Namespaces = ["default"] };

    private static PodRecord Pod(string name, long cpuMillis, long memoryMib)
    {
        var requests = ResourceAmounts.From(
        [
            KeyValuePair.Create("cpu", cpuMillis), KeyValuePair.Create("memory", memoryMib << 20),
        ]);
        return new PodRecord
        {
            Key = new PodKey("default", name),
            Requirements = new PodRequirements
            {
                Requests = requests,
                ScoringCpuMillis = cpuMillis,
                ScoringMemoryBytes = memoryMib << 20,
            },
        };
    }

    private static string SharedFolder()
    {
        if (Environment.GetEnvironmentVariable("SPILLWAY_SHARED") is { Length: > 0 } named) return named;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var shared = Path.Combine(folder.FullName, "shared");
            if (Directory.Exists(Path.Combine(shared, "data/workloads"))) return shared;
        }
        throw new DirectoryNotFoundException("No shared data beside the repository; set SPILLWAY_SHARED to its folder.");
    }
}
