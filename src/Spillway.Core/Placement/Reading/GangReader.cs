using System.Globalization;

namespace Spillway.Core.Placement.Reading;

/// <summary>The ways in which the field marks pods as one gang: labels or annotations of several schedulers.</summary>
internal static class GangReader
{
    private static readonly (string Name, string[] Sizes)[] Conventions =
    [
        ("spillway.dev/gang", ["spillway.dev/gang-size"]),
        ("pod-group.scheduling.sigs.k8s.io", ["pod-group.scheduling.sigs.k8s.io/min-available"]),
        ("pod-group.scheduling.sigs.k8s.io/name", ["pod-group.scheduling.sigs.k8s.io/min-available"]),
        ("scheduling.x-k8s.io/pod-group", ["scheduling.x-k8s.io/min-member"]),
        ("kueue.x-k8s.io/pod-group-name", ["kueue.x-k8s.io/pod-group-total-count"]),
        ("scheduling.k8s.io/group-name",
        [
            "scheduling.k8s.io/group-min-member", "scheduling.volcano.sh/group-min-member",
            "volcano.sh/group-min-member", "scheduling.k8s.io/min-member",
        ]),
        ("scheduling.volcano.sh/group-name", ["scheduling.volcano.sh/group-min-member"]),
        ("volcano.sh/group-name", ["volcano.sh/group-min-member"]),
    ];

    public static Gang? Find(LabelMap labels, LabelMap annotations)
    {
        if (labels.Count == 0 && annotations.Count == 0) return null;
        foreach (var (name, sizes) in Conventions)
        {
            var group = labels[name] ?? annotations[name];
            if (string.IsNullOrEmpty(group)) continue;
            foreach (var size in sizes)
            {
                var text = annotations[size] ?? labels[size];
                if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
                    return new Gang(group, count);
            }
            return new Gang(group, 0);
        }
        return null;
    }
}
