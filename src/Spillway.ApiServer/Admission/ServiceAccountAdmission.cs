using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Admission;

/// <summary>Gives pods their service account, its token volume and its pull secrets.</summary>
internal sealed class ServiceAccountAdmission(ClusterReads cluster, TimeProvider time, Random random)
{
    private const string VolumePrefix = "kube-api-access-";
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const string MirrorAnnotation = "kubernetes.io/config.mirror";

    /// <summary>Letters of generated names: no vowels, nothing that reads like another.</summary>
    private const string NameLetters = "bcdfghjklmnpqrstvwxz2456789";

    public async ValueTask Admit(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.Is("", "pods") || request.Operation != AdmissionOperation.Create
            || request.Object is not { } pod) return;
        var spec = pod.Ensure("spec");
        if (pod.Map("metadata")?.Map("annotations")?.ContainsKey(MirrorAnnotation) == true)
        {
            if ((spec.Text("serviceAccountName") ?? "").Length > 0)
                throw request.Forbidden("a mirror pod may not reference service accounts");
            return;
        }

        var name = spec.Text("serviceAccountName") ?? "";
        if (name.Length == 0) name = spec.Text("serviceAccount") ?? "";
        if (name.Length == 0) name = "default";
        spec["serviceAccountName"] = name;
        spec["serviceAccount"] = name;
        var account = await FindAsync(request.Namespace, name, cancellationToken) ?? throw request.Forbidden(
            $"error looking up service account {request.Namespace}/{name}: serviceaccount \"{name}\" not found");
        if (Mounts(account, spec)) MountToken(spec);
        if (spec.List("imagePullSecrets") is not { Count: > 0 }
            && account.List("imagePullSecrets") is { Count: > 0 } secrets)
            spec["imagePullSecrets"] = secrets.DeepClone();
    }

    /// <summary>A new namespace gets its default account a moment later, so that one is waited for.</summary>
    private async ValueTask<JsonObject?> FindAsync(string space, string name, CancellationToken cancellationToken)
    {
        for (var attempt = name == "default" ? 10 : 1; ; attempt--)
        {
            if (cluster.Get("", "serviceaccounts", space, name) is { } account) return account;
            if (attempt == 1) return null;
            await Task.Delay(TimeSpan.FromMilliseconds(150), time, cancellationToken);
        }
    }

    private static bool Mounts(JsonObject account, JsonObject spec)
    {
        const string field = "automountServiceAccountToken";
        if (spec.ContainsKey(field) && spec[field] is not null) return spec.Flag(field);
        return !account.ContainsKey(field) || account[field] is null || account.Flag(field);
    }

    private void MountToken(JsonObject spec)
    {
        var existing = spec.Objects("volumes").Select(v => v.Text("name") ?? "")
            .FirstOrDefault(n => n.StartsWith(VolumePrefix, StringComparison.Ordinal));
        var volume = existing ?? VolumePrefix + Suffix();
        var needed = false;
        foreach (var list in new[] { "initContainers", "containers" })
        {
            foreach (var container in spec.Objects(list))
            {
                if (container.Objects("volumeMounts").Any(m => m.Text("mountPath") == MountPath)) continue;
                container.EnsureList("volumeMounts").Add(new JsonObject
                {
                    ["name"] = volume, ["readOnly"] = true, ["mountPath"] = MountPath,
                });
                needed = true;
            }
        }

        if (existing is null && needed) spec.EnsureList("volumes").Add(TokenVolume(volume));
    }

    private string Suffix() => string.Create(5, random, static (text, random) =>
    {
        lock (random)
        {
            for (var i = 0; i < text.Length; i++) text[i] = NameLetters[random.Next(NameLetters.Length)];
        }
    });

    private static JsonObject TokenVolume(string name) => new()
    {
        ["name"] = name,
        ["projected"] = new JsonObject
        {
            ["sources"] = new JsonArray(
                // An hour and seven seconds: the real server's mark for tokens it injected itself.
                new JsonObject { ["serviceAccountToken"] =
                    new JsonObject { ["expirationSeconds"] = 3607, ["path"] = "token" } },
                new JsonObject
                {
                    ["configMap"] = new JsonObject
                    {
                        ["name"] = "kube-root-ca.crt",
                        ["items"] = new JsonArray(new JsonObject { ["key"] = "ca.crt", ["path"] = "ca.crt" }),
                    },
                },
                new JsonObject
                {
                    ["downwardAPI"] = new JsonObject
                    {
                        ["items"] = new JsonArray(new JsonObject
                        {
                            ["path"] = "namespace",
                            ["fieldRef"] = new JsonObject { ["apiVersion"] = "v1",
                                ["fieldPath"] = "metadata.namespace" },
                        }),
                    },
                }),
            ["defaultMode"] = 420,
        },
    };
}
