namespace Spillway.ApiServer.Admission;

/// <summary>
/// The built-in plug-ins in the real server's order. For a write the server decodes and defaults, calls
/// <see cref="MutateAsync"/>, defaults and validates again, and calls <see cref="ValidateAsync"/> last before storing.
/// A refusal is an <see cref="ApiFailure"/>.
/// </summary>
public sealed class AdmissionChain
{
    private readonly MutatingStep[] _mutating;
    private readonly ValidatingStep[] _validating;
    private readonly AdmissionWebhooks _webhooks;

    public AdmissionChain(ClusterReads cluster, TimeProvider time, Random random, WebhookDoor webhooks)
    {
        // A generator of its own: the one handed in is shared with parts that lock it otherwise.
        random = new Random(random.Next());
        Quotas = new ResourceQuotas(cluster);
        var lifecycle = new NamespaceLifecycle(cluster);
        var limits = new LimitRanger(cluster);
        var accounts = new ServiceAccountAdmission(cluster, time, random);
        var security = new PodSecurityAdmission(cluster);
        var priority = new PriorityAdmission(cluster);
        var small = new SmallPlugins(cluster);
        var policies = new AdmissionPolicies(cluster);
        _webhooks = new AdmissionWebhooks(cluster, webhooks, random);
        _mutating =
        [
            lifecycle.Admit, limits.Admit, accounts.Admit, SmallPlugins.TaintNewNode, priority.Admit,
            SmallPlugins.TolerateLostNodes, small.DefaultStorageClass, SmallPlugins.ProtectStorage,
            small.ApplyRuntimeClass, small.DefaultIngressClass,
        ];
        _validating =
        [
            limits.Validate, security.Validate, priority.Validate, small.CheckResize,
            small.CheckNodeOfResize, small.CheckCertificates, policies.Validate, _webhooks.Validate, Quotas.Validate,
        ];
    }

    /// <summary>For the server to have quotas counted again after what admission does not see.</summary>
    public ResourceQuotas Quotas { get; }

    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        await PlugInsAsync();
        await _webhooks.MutateAsync(request, PlugInsAsync, cancellationToken);

        async ValueTask PlugInsAsync()
        {
            foreach (var step in _mutating) await step(request, cancellationToken);
        }
    }

    /// <summary>The last look. For a deletion, which has no object to change, this runs both passes.</summary>
    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Operation == AdmissionOperation.Delete) await MutateAsync(request, cancellationToken);
        foreach (var step in _validating) await step(request, cancellationToken);
    }
}

/// <summary>Changes the request's object or refuses it.</summary>
internal delegate ValueTask MutatingStep(AdmissionRequest request, CancellationToken cancellationToken);

/// <summary>Accepts or refuses; changes nothing.</summary>
internal delegate ValueTask ValidatingStep(AdmissionRequest request, CancellationToken cancellationToken);
