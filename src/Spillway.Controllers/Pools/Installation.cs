using System.Text.Json.Nodes;
using Spillway.Controllers.Objects;
using Spillway.Core.ClusterFile;
using Spillway.Core.Plans;
using Spillway.Kubernetes;

namespace Spillway.Controllers.Pools;

/// <summary>
/// Puts Spillway's definitions, and the pools and accelerators of the cluster file, into the cluster. What the file says
/// wins over what was edited since; pools that the file no longer names go once they have no node.
/// </summary>
internal sealed class Installation(ControllerContext context)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var definition in SpillwayResources.Definitions())
            await WriteAsync(Resources.CustomResourceDefinitions, definition, cancellationToken);
        foreach (var definition in SpillwayResources.Definitions())
            await EstablishedAsync(definition, cancellationToken);
        foreach (var pool in context.Model.Cluster.Pools)
            await WriteAsync(SpillwayResources.Pools, ToObject(pool), cancellationToken);
        foreach (var accelerator in context.Model.Accelerators)
            await WriteAsync(SpillwayResources.Accelerators, ToObject(accelerator), cancellationToken);
    }

    private async Task WriteAsync<T>(KubernetesResource<T> resource, T wanted, CancellationToken cancellationToken)
        where T : KubernetesObject
    {
        var options = new WriteOptions { FieldManager = SpillwayResources.FieldManager };
        var deadline = context.Now + Patience;
        var created = await context.Client.CreateAsync(resource, wanted, options, cancellationToken);

        // Established says that a definition will be served; a server may take a moment more to do so.
        while (created is WriteResult<T>.NotFound && context.Now < deadline)
        {
            await Task.Delay(LookAgain, context.Time, cancellationToken);
            created = await context.Client.CreateAsync(resource, wanted, options, cancellationToken);
        }

        if (created is not WriteResult<T>.AlreadyExists)
        {
            created.OrThrow();
            return;
        }

        var patch = KubernetesPatch.Merge(new JsonObject { ["spec"] = wanted.Spec!.Copied() });
        (await context.Client.PatchAsync(resource, wanted.Key, patch, options, cancellationToken)).OrThrow();
    }

    private async Task EstablishedAsync(CustomResourceDefinition definition, CancellationToken cancellationToken)
    {
        var deadline = context.Now + Patience;
        while (true)
        {
            var stored = await context.Client.GetAsync(
                Resources.CustomResourceDefinitions, definition.Key, cancellationToken);
            if (stored?.IsTrue("Established") == true) return;
            if (context.Now >= deadline)
                throw new TimeoutException(
                    $"The server did not establish {definition.Name} within {Patience.TotalSeconds:0} s.");
            await Task.Delay(LookAgain, context.Time, cancellationToken);
        }
    }

    private static PoolObject ToObject(Pool pool)
    {
        var written = SpillwayResources.Pools.New(ObjectKey.Cluster(pool.Name));
        written.Json["spec"] = new JsonObject
        {
            ["cloud"] = new JsonObject { [CloudName(pool.Cloud)] = new JsonObject { ["region"] = pool.Cloud.Region } },
            ["instanceTypes"] = Texts(PoolOffers.InstanceTypesOf(pool)),
            ["zones"] = Texts(pool.Zones),
            ["devices"] = new JsonArray([.. pool.Devices.Select(
                device => new JsonObject { ["model"] = device.Model, ["count"] = device.Count })]),
            ["min"] = pool.Min,
            ["max"] = pool.Max,
            ["purchase"] = pool.Purchase switch
            {
                PoolPurchase.Spot => "spot",
                PoolPurchase.SpotThenOnDemand => "spot-then-on-demand",
                _ => "on-demand",
            },
            ["labels"] = Map(pool.Labels),
            ["taints"] = new JsonArray([.. pool.Taints.Select(taint => new JsonObject
            {
                ["key"] = taint.Key, ["value"] = taint.Value, ["effect"] = taint.Effect.ToString(),
            })]),
            ["smt"] = pool.Smt,
            ["capacity"] = Map(pool.Capacity.Select(one => KeyValuePair.Create(one.Key, one.Value.ToString()))),
        };
        return written;
    }

    private static AcceleratorObject ToObject(Accelerator accelerator)
    {
        var written = SpillwayResources.Accelerators.New(ObjectKey.Cluster(accelerator.Name));
        written.Json["spec"] = new JsonObject
        {
            ["resource"] = accelerator.Resource,
            ["provides"] = new JsonArray([.. accelerator.Provides.Select(
                one => new JsonObject { ["device"] = one.Device, ["perDevice"] = one.PerDevice })]),
        };
        return written;
    }

    private static string CloudName(PoolCloud cloud) => cloud switch
    {
        PoolCloud.Aws => "aws",
        PoolCloud.ClusterApi => "clusterApi",
        _ => "simulated",
    };

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

    private static JsonObject Map(IEnumerable<KeyValuePair<string, string>> pairs)
    {
        var map = new JsonObject();
        foreach (var (key, value) in pairs) map[key] = value;
        return map;
    }
}
