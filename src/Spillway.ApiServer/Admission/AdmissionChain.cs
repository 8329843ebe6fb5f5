namespace Spillway.ApiServer.Admission;

/// <summary>
/// The built-in plug-ins in the real server's order. For a write the server decodes and defaults, calls
/// <see cref="MutateAsync"/>, defaults and validates again, and calls <see cref="ValidateAsync"/> last before storing.
/// A refusal is an <see cref="ApiFailure"/>.
/// </summary>
public sealed class AdmissionChain
{
    private readonly List<MutatingStep> _mutating = [];
    private readonly List<ValidatingStep> _validating = [];

    public AdmissionChain(ClusterReads cluster, TimeProvider time, Random random, WebhookDoor webhooks)
    {
        _ = (cluster, time, random, webhooks);
    }

    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (var step in _mutating) await step(request, cancellationToken);
    }

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (var step in _validating) await step(request, cancellationToken);
    }
}

/// <summary>Changes the request's object or refuses it.</summary>
internal delegate ValueTask MutatingStep(AdmissionRequest request, CancellationToken cancellationToken);

/// <summary>Accepts or refuses; changes nothing.</summary>
internal delegate ValueTask ValidatingStep(AdmissionRequest request, CancellationToken cancellationToken);
