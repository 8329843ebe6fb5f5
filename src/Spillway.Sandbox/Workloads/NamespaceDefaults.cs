using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Gives every namespace its <c>default</c> service account and the cluster's root certificate.</summary>
internal sealed class NamespaceDefaults : IWorkloadController
{
    private const string AccountName = "default";
    private const string RootCaName = "kube-root-ca.crt";

    private readonly WorkloadContext _context;
    private readonly string _rootCertificate;
    private readonly Informer<Namespace> _namespaces;
    private readonly Informer<ServiceAccount> _accounts;
    private readonly Informer<ConfigMap> _maps;
    private readonly Controller<string> _loop;

    /// <param name="context">The shared parts.</param>
    /// <param name="rootCertificate">PEM of the authority that signs the API server's certificate.</param>
    public NamespaceDefaults(WorkloadContext context, string rootCertificate)
    {
        _context = context;
        _rootCertificate = rootCertificate;
        _namespaces = context.Informers.Get(Resources.Namespaces);
        _accounts = context.Informers.Get(Resources.ServiceAccounts);
        _maps = context.Informers.Get(Resources.ConfigMaps);
        _loop = new Controller<string>("namespace-defaults", context.Time, context.Logger, ReconcileAsync);
    }

    public void Start()
    {
        _loop.Watch(_namespaces, static change => change.Kind == ChangeKind.Removed ? [] : [change.Key.Name]);
        _loop.Watch(_accounts, static change => change.Key.Name == AccountName ? [change.Key.Namespace] : []);
        _loop.Watch(_maps, static change => change.Key.Name == RootCaName ? [change.Key.Namespace] : []);
        _loop.Start(workers: 1);
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private async Task<Reconciled> ReconcileAsync(string name, CancellationToken cancellationToken)
    {
        if (!_namespaces.TryGet(ObjectKey.Cluster(name), out var ns) || ns.IsTerminating || ns.Phase != "Active")
            return Reconciled.Done;
        var account = new ObjectKey(name, AccountName);
        if (!_accounts.TryGet(account, out _))
            await _context.Client.CreateAsync(
                Resources.ServiceAccounts, Resources.ServiceAccounts.New(account), cancellationToken);
        await EnsureRootCaAsync(new ObjectKey(name, RootCaName), cancellationToken);
        return Reconciled.Done;
    }

    private async Task EnsureRootCaAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (!_maps.TryGet(key, out var map))
        {
            map = Resources.ConfigMaps.New(key);
            map.Metadata["annotations"] = new JsonObject
            {
                ["kubernetes.io/description"] =
                    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints "
                    + "such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across "
                    + "distributions of Kubernetes clusters.",
            };
            map.Json["data"] = new JsonObject { ["ca.crt"] = _rootCertificate };
            await _context.Client.CreateAsync(Resources.ConfigMaps, map, cancellationToken);
        }
        else if (map.Data.Count != 1 || map.Json.Text("data", "ca.crt") != _rootCertificate)
        {
            var changed = Resources.ConfigMaps.Copy(map);
            changed.Json["data"] = new JsonObject { ["ca.crt"] = _rootCertificate };
            await _context.Client.UpdateAsync(Resources.ConfigMaps, changed, cancellationToken);
        }
    }
}
