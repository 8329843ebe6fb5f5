using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Publishes the addresses behind every Service with a selector, as EndpointSlices and as Endpoints.</summary>
internal sealed class ServiceEndpoints : IWorkloadController
{
    private const string ServiceLabel = "kubernetes.io/service-name";
    private const string Maker = "endpointslice-controller.k8s.io";

    /// <summary>Endpoints a slice holds at most: the real controller's default.</summary>
    private const int SliceSize = 100;

    private readonly WorkloadContext _context;
    private readonly Informer<Service> _services;
    private readonly Informer<EndpointSlice> _slices;
    private readonly Informer<KubernetesObject> _endpoints;
    private readonly InformerIndex<EndpointSlice> _slicesByService;
    private readonly OwnWrites<EndpointSlice> _writes;
    private readonly Controller<ObjectKey> _loop;

    public ServiceEndpoints(WorkloadContext context)
    {
        _context = context;
        _services = context.Informers.Get(Resources.Services);
        _slices = context.Informers.Get(Resources.EndpointSlices);
        _endpoints = context.Informers.Get(Resources.Endpoints);
        _slicesByService = _slices.AddIndex(static s =>
            s.Label("endpointslice.kubernetes.io/managed-by") == Maker
                ? [$"{s.Namespace}/{s.Label(ServiceLabel)}"] : []);
        _writes = new OwnWrites<EndpointSlice>(_slices);
        _loop = new Controller<ObjectKey>("endpointslice", context.Time, context.Logger, ReconcileAsync);
    }

    public void Start()
    {
        _loop.Watch(_services, static change => [change.Key]);
        _loop.Watch(_context.Pods, Concerned);
        _loop.Need(_slices);
        _loop.Need(_endpoints);
        _loop.Start(workers: 1);
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private IEnumerable<ObjectKey> Concerned(InformerChange<Pod> change)
    {
        foreach (var service in _services.List())
        {
            if (service.Namespace != change.Key.Namespace || service.Selector.Count == 0) continue;
            var selector = LabelSelector.OfLabels(service.Selector);
            if (selector.Matches(change.Current.Labels)
                || (change.Before is { } before && selector.Matches(before.Labels)))
                yield return service.Key;
        }
    }

    private async Task<Reconciled> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (!_services.TryGet(key, out var service) || service.IsTerminating)
            return service is null ? await ForgetAsync(key, cancellationToken) : Reconciled.Done;
        if (service.Selector.Count == 0 || service.Type == "ExternalName") return Reconciled.Done;
        if (!_writes.AreSeen(key)) return OwnWrites<EndpointSlice>.LookAgain;
        var selector = LabelSelector.OfLabels(service.Selector);
        var pods = _context.Pods.List()
            .Where(p => p.Namespace == key.Namespace && p.Ip.Length > 0 && !p.IsFinished && selector.Matches(p.Labels))
            .OrderBy(p => p.Name, StringComparer.Ordinal).ToList();
        var groups = pods.GroupBy(p => Ports(service, p).ToJsonString(), StringComparer.Ordinal).ToList();
        var wanted = new List<JsonObject>();
        foreach (var group in groups)
        {
            foreach (var chunk in group.Chunk(SliceSize))
                wanted.Add(Slice(service, Ports(service, group.First()), chunk));
        }

        if (wanted.Count == 0) wanted.Add(Slice(service, [], []));
        await StoreSlicesAsync(service, wanted, cancellationToken);
        await StoreEndpointsAsync(service, groups, cancellationToken);
        return Reconciled.Done;
    }

    // Slices and Endpoints name the service as owner and would be collected; this is sooner.
    private async Task<Reconciled> ForgetAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_endpoints.TryGet(key, out _))
            await _context.Client.DeleteAsync(Resources.Endpoints, key, DeleteOptions.None, cancellationToken);
        foreach (var slice in _slicesByService.Find($"{key.Namespace}/{key.Name}"))
            await _context.Client.DeleteAsync(
                Resources.EndpointSlices, slice.Key, DeleteOptions.None, cancellationToken);
        return Reconciled.Done;
    }

    private async Task StoreSlicesAsync(Service service, List<JsonObject> wanted, CancellationToken cancellationToken)
    {
        var present = _slicesByService.Find($"{service.Namespace}/{service.Name}").OrderBy(
            s => s.Name, StringComparer.Ordinal).ToList();
        for (var i = 0; i < wanted.Count; i++)
        {
            WriteResult<EndpointSlice> result;
            if (i < present.Count)
            {
                var changed = Resources.EndpointSlices.Copy(present[i]);
                foreach (var (field, value) in wanted[i]) changed.Json[field] = value?.DeepClone();
                if (KubernetesJson.Same(changed.Json, present[i].Json)) continue;
                result = await _context.Client.UpdateAsync(Resources.EndpointSlices, changed, cancellationToken);
            }
            else
            {
                var made = Resources.EndpointSlices.Wrap(wanted[i].Copied());
                made.Json["apiVersion"] = Resources.EndpointSlices.ApiVersion;
                made.Json["kind"] = Resources.EndpointSlices.Kind;
                made.Json["metadata"] = new JsonObject
                {
                    ["generateName"] = service.Name + "-",
                    ["namespace"] = service.Namespace,
                    ["labels"] = new JsonObject
                    {
                        ["endpointslice.kubernetes.io/managed-by"] = Maker, [ServiceLabel] = service.Name,
                    },
                    ["ownerReferences"] = new JsonArray(OwnerReference.ToController(Resources.Services, service)),
                };
                result = await _context.Client.CreateAsync(Resources.EndpointSlices, made, cancellationToken);
            }

            if (result.Value is { } stored) _writes.Wrote(service.Key, stored);
        }

        foreach (var surplus in present.Skip(wanted.Count))
            await _context.Client.DeleteAsync(
                Resources.EndpointSlices, surplus.Key, DeleteOptions.None, cancellationToken);
    }

    private async Task StoreEndpointsAsync(
        Service service, List<IGrouping<string, Pod>> groups, CancellationToken cancellationToken)
    {
        var subsets = new JsonArray();
        foreach (var group in groups)
        {
            var subset = new JsonObject();
            foreach (var (field, ready) in new[] { ("addresses", true), ("notReadyAddresses", false) })
            {
                var addresses = group.Where(p => (p.IsReady || service.PublishesNotReady) == ready && !p.IsTerminating)
                    .Select(p => (JsonNode)new JsonObject
                    {
                        ["ip"] = p.Ip, ["nodeName"] = p.NodeName, ["targetRef"] = Target(p),
                    }).ToArray();
                if (addresses.Length > 0) subset[field] = new JsonArray(addresses);
            }

            if (subset.Count == 0) continue;
            subset["ports"] = Ports(service, group.First());
            subsets.Add(subset);
        }

        var wanted = subsets.Count == 0 ? null : subsets;
        if (!_endpoints.TryGet(service.Key, out var known))
        {
            var made = Resources.Endpoints.New(service.Key);
            made.Metadata["labels"] = new JsonObject { ["endpoints.kubernetes.io/managed-by"] = "endpoint-controller" };
            if (wanted is not null) made.Json["subsets"] = wanted;
            await _context.Client.CreateAsync(Resources.Endpoints, made, cancellationToken);
        }
        else if (!KubernetesJson.Same(known.Json["subsets"], wanted))
        {
            var changed = Resources.Endpoints.Copy(known);
            changed.Json.Remove("subsets");
            if (wanted is not null) changed.Json["subsets"] = wanted;
            await _context.Client.UpdateAsync(Resources.Endpoints, changed, cancellationToken);
        }
    }

    private static JsonObject Slice(Service service, JsonArray ports, IReadOnlyList<Pod> pods)
    {
        var endpoints = new JsonArray();
        foreach (var pod in pods)
        {
            var ready = pod.IsReady && !pod.IsTerminating;
            var endpoint = new JsonObject
            {
                ["addresses"] = new JsonArray(pod.Ip),
                ["conditions"] = new JsonObject
                {
                    ["ready"] = ready
                        || service.PublishesNotReady, ["serving"] = pod.IsReady, ["terminating"] = pod.IsTerminating,
                },
                ["nodeName"] = pod.NodeName,
                ["targetRef"] = Target(pod),
            };
            if (pod.Json.Text("spec", "subdomain") == service.Name && pod.Json.Text("spec", "hostname") is { } host)
                endpoint["hostname"] = host;
            endpoints.Add(endpoint);
        }

        return new JsonObject { ["addressType"] = "IPv4", ["endpoints"] = endpoints, ["ports"] = ports };
    }

    private static JsonObject Target(Pod pod) =>
        new() { ["kind"] = "Pod", ["namespace"] = pod.Namespace, ["name"] = pod.Name, ["uid"] = pod.Uid };

    private static JsonArray Ports(Service service, Pod pod)
    {
        var ports = new JsonArray();
        foreach (var port in service.Ports)
        {
            if (PortOf(port, pod) is not { } number) continue;
            var made = new JsonObject { ["name"] = port.Text("name")
                ?? "", ["port"] = number, ["protocol"] = port.Text("protocol") ?? "TCP" };
            if (port.Text("appProtocol") is { } protocol) made["appProtocol"] = protocol;
            ports.Add(made);
        }

        return ports;
    }

    /// <summary>The pod's port behind a service port; null when it names one that the pod does not have.</summary>
    private static int? PortOf(JsonObject port, Pod pod)
    {
        if (port.At("targetPort") is null) return port.Integer("port");
        if (port.Integer("targetPort") is { } number and not 0) return number;
        var name = port.Text("targetPort");
        foreach (var container in pod.Containers)
        {
            foreach (var offered in container.ObjectsAt("ports"))
            {
                if (offered.Text("name") == name) return offered.Integer("containerPort");
            }
        }

        return null;
    }
}
