using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Signs approved requests for Kubernetes' own signers, as kube-controller-manager does with its authority.</summary>
internal sealed class CertificateSigning : IWorkloadController
{
    private static readonly TimeSpan Year = TimeSpan.FromDays(365);

    private readonly WorkloadContext _context;
    private readonly Func<CertificateRequest, IReadOnlyCollection<string>, TimeSpan, string> _sign;
    private readonly Informer<KubernetesObject> _requests;
    private readonly Controller<string> _loop;

    public CertificateSigning(
        WorkloadContext context, Func<CertificateRequest, IReadOnlyCollection<string>, TimeSpan, string> sign)
    {
        _context = context;
        _sign = sign;
        _requests = context.Informers.Get(Resources.CertificateSigningRequests);
        _loop = new Controller<string>("certificate-signing", context.Time, context.Logger, ReconcileAsync);
    }

    public void Start()
    {
        _loop.Watch(_requests, static change => change.After is { } asked && IsOurs(asked) ? [asked.Name] : []);
        _loop.Start(workers: 1);
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private static bool IsOurs(KubernetesObject asked) =>
        Signer(asked) is "kubernetes.io/kube-apiserver-client" or "kubernetes.io/kube-apiserver-client-kubelet"
            or "kubernetes.io/kubelet-serving" or "kubernetes.io/legacy-unknown"
        && Has(asked, "Approved") && !Has(asked, "Denied") && !Has(asked, "Failed")
        && asked.Json.Text("status", "certificate") is not { Length: > 0 };

    private static string Signer(KubernetesObject asked) => asked.Json.Text("spec", "signerName") ?? "";

    private static bool Has(KubernetesObject asked, string type) =>
        asked.Json.ObjectsAt("status", "conditions").Any(condition => condition.Text("type") == type);

    private async Task<Reconciled> ReconcileAsync(string name, CancellationToken cancellationToken)
    {
        if (!_requests.TryGet(ObjectKey.Cluster(name), out var asked) || !IsOurs(asked)) return Reconciled.Done;
        var answered = new KubernetesObject(asked.Json.Copied());
        var status = answered.Json.Ensure("status");
        string[] usages = [.. asked.Json.TextsAt("spec", "usages")];
        var (request, refusal) = Read(asked, usages);
        if (request is null)
        {
            Condition.Set(status.EnsureArray("conditions"),
                new ConditionState("Failed", "True", "SignerValidationFailure", refusal), _context.Now);
        }
        else
        {
            var length = asked.Json.Integer("spec", "expirationSeconds") is { } seconds
                ? TimeSpan.FromSeconds(seconds) : Year;
            status["certificate"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(_sign(request, usages, length)));
        }
        var result = await _context.Client.UpdateAsync(
            Resources.CertificateSigningRequests, answered, WriteOptions.OnStatus, cancellationToken);
        return result is WriteResult<KubernetesObject>.Conflict ? Reconciled.Retry : Reconciled.Done;
    }

    /// <summary>The request with its signature checked, or why the signer does not take it.</summary>
    private static (CertificateRequest? Request, string Refusal) Read(KubernetesObject asked, string[] usages)
    {
        CertificateRequest request;
        try
        {
            var pem = Encoding.ASCII.GetString(Convert.FromBase64String(asked.Json.Text("spec", "request") ?? ""));
            request = CertificateRequest.LoadSigningRequestPem(pem, HashAlgorithmName.SHA256,
                CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        }
        catch (Exception e) when (e is CryptographicException or FormatException or ArgumentException)
        {
            return (null, $"unable to parse csr \"{asked.Name}\": {e.Message}");
        }
        var names = request.CertificateExtensions.OfType<X509SubjectAlternativeNameExtension>().Any();
        var refusal = Signer(asked) switch
        {
            "kubernetes.io/kube-apiserver-client" =>
                NotWithin(usages, "client auth", "digital signature", "key encipherment"),
            "kubernetes.io/kube-apiserver-client-kubelet" => NotWithin(
                usages, "client auth", "digital signature", "key encipherment") ?? NotOfANode(request)
                ?? (names ? "subject alternative names are not allowed" : null),
            "kubernetes.io/kubelet-serving" => NotWithin(
                usages, "server auth", "digital signature", "key encipherment") ?? NotOfANode(request)
                ?? (names ? null : "subject alternative names are required"),
            _ => null,
        };
        return refusal is null ? (request, "") : (null, refusal);
    }

    private static string? NotWithin(string[] usages, string needed, params ReadOnlySpan<string> more)
    {
        if (!usages.Contains(needed)) return $"usages must include \"{needed}\"";
        foreach (var usage in usages)
            if (usage != needed && !more.Contains(usage)) return $"usage \"{usage}\" is not allowed for this signer";
        return null;
    }

    private static string? NotOfANode(CertificateRequest request)
    {
        var subject = request.SubjectName.EnumerateRelativeDistinguishedNames()
            .Select(part => (part.GetSingleElementType().Value, part.GetSingleElementValue())).ToList();
        if (!subject.Contains(("2.5.4.10", "system:nodes"))) return "subject organization is not system:nodes";
        return subject.Any(part => part.Value == "2.5.4.3"
            && part.Item2?.StartsWith("system:node:", StringComparison.Ordinal) == true)
            ? null : "subject common name does not begin with system:node: ";
    }
}
