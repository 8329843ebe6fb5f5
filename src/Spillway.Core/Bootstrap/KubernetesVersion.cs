using System.Globalization;

namespace Spillway.Core.Bootstrap;

/// <summary>A version as the cluster file says it: <c>1.36</c>, or an exact <c>1.36.2</c>.</summary>
/// <param name="Patch">Null for the newest of the minor version.</param>
public sealed record KubernetesVersion(int Major, int Minor, int? Patch)
{
    /// <summary>Below it kubeadm has no configuration version that is still read.</summary>
    public const int OldestMinor = 22;

    /// <param name="text">Checked by the file's reader.</param>
    public static KubernetesVersion Of(string text)
    {
        var parts = text.TrimStart('v').Split('.')
            .Select(part => int.Parse(part, NumberStyles.None, CultureInfo.InvariantCulture)).ToList();
        return new KubernetesVersion(parts[0], parts[1], parts.Count > 2 ? parts[2] : null);
    }

    /// <summary><c>1.36</c>.</summary>
    public string Short => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");

    public override string ToString() =>
        Patch is null ? Short : string.Create(CultureInfo.InvariantCulture, $"{Short}.{Patch}");
}
