namespace Spillway.Core.ClusterFile.Shapes;

internal static class PolicyShapes
{
    private static readonly ConsolidationPolicy Defaults = new();

    private static readonly Field<ConsolidationMode> Mode = new(
        new ChoiceShape<ConsolidationMode>(
            ("advise", ConsolidationMode.Advise), ("auto", ConsolidationMode.Auto), ("off", ConsolidationMode.Off)),
        "mode",
        "`auto` moves pods and gives nodes back, `advise` only says what that would save, `off` does not look.",
        Default: "advise");

    private static readonly Field<TimeSpan> Payback = new(Scalars.Duration, "payback",
        "What is saved within this time has to pay for moving the pods.", Default: "1h");

    private static readonly Field<double> MinSaving = new(new NumberShape<double>(0, 1, integer: false), "minSaving",
        "The part of their price that a replacement of nodes has to save.", Default: "0.15");

    private static readonly Field<TimeSpan> Settle = new(Scalars.Duration, "settle",
        "A node that joined, or a pod that started, less than this ago is left alone.", Default: "10m");

    private static readonly Field<int> AtOnce = new(new NumberShape<int>(1, 1000, integer: true), "atOnce",
        "How many nodes are emptied at one time.", Default: "10");

    public static readonly Field<ConsolidationPolicy> Consolidation = new(
        new ObjectShape<ConsolidationPolicy>("Consolidation",
            "When pods are moved so that rented nodes can go, or make way for cheaper ones.",
            values => new ConsolidationPolicy
            {
                Mode = values.Or(Mode, Defaults.Mode),
                Payback = values.Or(Payback, Defaults.Payback),
                MinSaving = values.Or(MinSaving, Defaults.MinSaving),
                Settle = values.Or(Settle, Defaults.Settle),
                AtOnce = values.Or(AtOnce, Defaults.AtOnce),
                Places = values.Places,
            },
            Mode, Payback, MinSaving, Settle, AtOnce),
        "consolidation", "When pods are moved so that rented nodes can go, or make way for cheaper ones.");
}
