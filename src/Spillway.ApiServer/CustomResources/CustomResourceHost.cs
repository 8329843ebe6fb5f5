using System.Text.Json.Nodes;
using Spillway.ApiServer.Apply;
using Spillway.ApiServer.Registry;
using Spillway.ApiServer.Schema;
using Spillway.ApiServer.Storage;

namespace Spillway.ApiServer.CustomResources;

/// <summary>
/// Follows the definitions in the store: decides which names they get, serves what is established, and on deletion
/// removes all instances before the definition goes. Everything follows from the definitions as they are, so it may be
/// stopped at any point and started again.
/// </summary>
internal sealed class CustomResourceHost : IAsyncDisposable
{
    private static readonly FieldWriter s_writer = new("kube-apiserver", "status");

    private readonly ObjectStore _store;
    private readonly TypeCatalog _types;
    private readonly TimeProvider _time;
    private readonly ConversionCaller _conversion;
    private readonly Func<string, CancellationToken, Task> _delete;
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, (long Version, ServedResource Served)> _served = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Task> _endings = new(StringComparer.Ordinal);
    private StoreWatch? _watch;
    private Task _loop = Task.CompletedTask;

    /// <param name="delete">Deletes the object at an API path, as a client would.</param>
    public CustomResourceHost(
        ObjectStore store, TypeCatalog types, TimeProvider time, ConversionCaller conversion,
        Func<string, CancellationToken, Task> delete)
    {
        _store = store;
        _types = types;
        _time = time;
        _conversion = conversion;
        _delete = delete;
    }

    /// <summary>Serves what the state holds already, then follows changes.</summary>
    public async Task StartAsync()
    {
        _watch = _store.WatchFromNow(DefinitionKindRules.StoreName, "", null);
        await ReconcileAsync();
        _loop = FollowAsync(_watch);
    }

    public async ValueTask DisposeAsync()
    {
        // Not CancelAsync: it would leave the single-threaded loop of virtual time.
        _stop.Cancel();
        _watch?.Dispose();
        await _loop;
        foreach (var ending in _endings.Values.ToArray()) await ending;
        _stop.Dispose();
    }

    private async Task FollowAsync(StoreWatch watch)
    {
        while (await watch.Events.WaitToReadAsync())
        {
            // One pass looks at everything, however many events led to it.
            while (watch.Events.TryRead(out _)) { }
            if (_stop.IsCancellationRequested) return;
            await ReconcileAsync();
        }
    }

    private async Task ReconcileAsync()
    {
        while (true)
        {
            var definitions = _store.List(DefinitionKindRules.StoreName, "").Items
                .OrderBy(d => d.Shared.Map("metadata")?.Text("creationTimestamp"), StringComparer.Ordinal)
                .ThenBy(d => d.Version).ToList();
            var all = definitions.ConvertAll(d => d.Shared);
            var changed = false;
            foreach (var stored in definitions)
            {
                if (!ObjectMeta.IsTerminating(stored.Shared)
                    && NamesController.Next(stored.Shared, all, _time.GetUtcNow()) is { } next)
                    changed |= await WriteAsync(stored, next);
            }

            if (changed) continue;
            Serve(definitions);
            return;
        }
    }

    private void Serve(List<StoredObject> definitions)
    {
        var present = new HashSet<string>(definitions.Select(d => d.Name), StringComparer.Ordinal);
        foreach (var name in _served.Keys.Where(n =>
            !present.Contains(n)).Order(StringComparer.Ordinal).ToArray()) Withdraw(name);
        foreach (var stored in definitions)
        {
            if (_served.TryGetValue(stored.Name, out var before) && before.Version == stored.Version) continue;
            var definition = CustomDefinition.Parse(stored.Shared);
            if (!definition.IsEstablished) continue;
            if (definition.Served.Count == 0 && !definition.IsTerminating)
            {
                Withdraw(stored.Name);
                continue;
            }

            var served = Describe(definition);
            _served[stored.Name] = (stored.Version, served);
            _types.Register(served);
            if (definition.IsTerminating && !_endings.ContainsKey(stored.Name))
                _endings[stored.Name] = EndAsync(stored.Name, served, _stop.Token);
        }

        foreach (var stored in definitions)
        {
            // Never established, so never any instances: nothing to clean up.
            if (ObjectMeta.IsTerminating(stored.Shared) && !_served.ContainsKey(stored.Name)
                && !_endings.ContainsKey(stored.Name))
                _endings[stored.Name] = ReleaseAsync(stored.Name);
        }
    }

    private void Withdraw(string name)
    {
        if (!_served.Remove(name, out var gone)) return;
        _types.Unregister(gone.Served.Group, gone.Served.Resource);
        _store.EndWatches(gone.Served.StoreName);
        _endings.Remove(name);
    }

    private ServedResource Describe(CustomDefinition definition)
    {
        var storage = definition.Storage;
        var generation = definition.Json.Map("metadata")?.Number("generation") ?? 1;
        return new ServedResource
        {
            Versions = [.. (definition.Served.Count > 0 ? definition.Served : [storage]).Select(v => v.Type)],
            Storage = storage.Type,
            Rules = new CustomKindRules(definition, _conversion),
            StoreName = definition.Name,
            FieldLabels = storage.SelectableFields,
            Scale = storage.Scale is { } scale
                ? new ScalePaths(Dotted(scale.SpecReplicasPath), Dotted(scale.StatusReplicasPath),
                    scale.LabelSelectorPath is { Length: > 0 } selector ? Dotted(selector) : null)
                : null,
            RefusesCreate = definition.IsTerminating,
            // Objects of a definition that never changed were stored with all its defaults.
            DefaultsOnRead = generation > 1,
        };
    }

    private static string Dotted(string path) => path.TrimStart('.');

    /// <summary>Deletes all instances, waits for those with finalizers, then lets the definition go.</summary>
    private async Task EndAsync(string name, ServedResource served, CancellationToken cancellationToken)
    {
        using var watch = _store.WatchFromNow(served.StoreName, "", null);
        var asked = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            var left = _store.List(served.StoreName, "").Items;
            await NoteAsync(name, d => NamesController.Terminate(d, left.Count, _time.GetUtcNow()), left.Count > 0);
            if (left.Count == 0) break;
            if (!asked)
            {
                foreach (var item in left) await _delete(PathOf(served, item), cancellationToken);
                asked = true;
                continue;
            }

            if (!await watch.Events.WaitToReadAsync(CancellationToken.None)) return;
            while (watch.Events.TryRead(out _)) { }
        }

        if (!cancellationToken.IsCancellationRequested) await ReleaseAsync(name);
    }

    private static string PathOf(ServedResource served, StoredObject item)
    {
        var type = served.Versions.Count > 0 ? served.Versions[0] : served.Storage;
        var space = item.Namespace.Length > 0 ? $"namespaces/{item.Namespace}/" : "";
        return $"/apis/{type.Group}/{type.Version}/{space}{type.Resource}/{item.Name}";
    }

    private async ValueTask NoteAsync(string name, Func<JsonObject, JsonObject?> change, bool applies)
    {
        while (applies && _store.GetLatest(DefinitionKindRules.StoreName, name) is { } stored)
        {
            if (change(stored.Shared) is not { } next || await WriteAsync(stored, next)) return;
        }
    }

    /// <summary>Takes the finalizer off; without any other the definition is gone.</summary>
    private async Task ReleaseAsync(string name)
    {
        while (_store.GetLatest(DefinitionKindRules.StoreName, name) is { } stored)
        {
            var next = stored.Parse();
            var metadata = next.Ensure("metadata");
            var kept = metadata.Texts("finalizers").Where(f => f != CustomDefinition.CleanupFinalizer).ToArray();
            metadata["finalizers"] = new JsonArray([.. kept.Select(f => (JsonNode)f)]);
            var content = kept.Length == 0 ? (EncodedObject?)null : EncodedObject.Of(next);
            if (await _store.WriteAsync(DefinitionKindRules.StoreName, name, stored, content) is not null) return;
        }
    }

    /// <summary>False when somebody was faster.</summary>
    private async ValueTask<bool> WriteAsync(StoredObject stored, JsonObject next)
    {
        var type = TypeTable.Load().Resources.First(t =>
            t is { Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions" });
        ManagedFields.TrackUpdate(type, stored.Shared, next, s_writer, _time.GetUtcNow());
        return await _store.WriteAsync(DefinitionKindRules.StoreName, stored.Key, stored, EncodedObject.Of(next))
            is not null;
    }
}
