using Spillway.Core.Placement;
using Spillway.Kubernetes;

namespace Spillway.Controllers.State;

/// <summary>
/// Volumes and disruption budgets, which the placement model takes as a whole: gathered when something changed, and
/// only before somebody decides.
/// </summary>
internal sealed class StorageState
{
    private readonly Informer<VolumeClaimRecord> _claims;
    private readonly Informer<PersistentVolumeRecord> _volumes;
    private readonly Informer<StorageClassRecord> _classes;
    private readonly Informer<CsiNodeRecord> _csiNodes;
    private readonly Informer<DisruptionBudgetRecord> _budgets;
    private volatile bool _volumesChanged;
    private volatile bool _budgetsChanged;

    public StorageState(InformerSet informers)
    {
        _claims = informers.Get(Resources.PersistentVolumeClaims, static utf8 => VolumeReader.ReadClaim(utf8.Span));
        _volumes = informers.Get(Resources.PersistentVolumes, static utf8 => VolumeReader.ReadVolume(utf8.Span));
        _classes = informers.Get(Resources.StorageClasses, static utf8 => VolumeReader.ReadClass(utf8.Span));
        _csiNodes = informers.Get(Resources.CsiNodes, static utf8 => VolumeReader.ReadCsiNode(utf8.Span));
        _budgets = informers.Get(Resources.PodDisruptionBudgets, static utf8 => DisruptionBudgetReader.Read(utf8.Span));
        _claims.OnChange(_ => _volumesChanged = true);
        _volumes.OnChange(_ => _volumesChanged = true);
        _classes.OnChange(_ => _volumesChanged = true);
        _csiNodes.OnChange(_ => _volumesChanged = true);
        _budgets.OnChange(_ => _budgetsChanged = true);
    }

    public IReadOnlyList<DisruptionBudgetRecord> Budgets => _budgets.List();

    public void Refresh(PlacementModel model)
    {
        if (_volumesChanged)
        {
            _volumesChanged = false;
            model.SetVolumes(Volumes());
        }

        if (!_budgetsChanged) return;
        _budgetsChanged = false;
        model.SetDisruptionBudgets(_budgets.List());
    }

    /// <summary>All of it, for a model that has none of it yet.</summary>
    public void Fill(PlacementModel model)
    {
        model.SetVolumes(Volumes());
        model.SetDisruptionBudgets(_budgets.List());
    }

    private VolumeFacts Volumes() => new()
    {
        Claims = _claims.List(),
        Volumes = _volumes.List(),
        Classes = _classes.List(),
        CsiNodes = _csiNodes.List(),
    };
}
