using System.Diagnostics.CodeAnalysis;

namespace Spillway.Core.Quantities;

public enum TaintEffect
{
    NoSchedule,
    PreferNoSchedule,
    NoExecute,
}

/// <summary>A node's taint; written <c>key=value:NoSchedule</c> or <c>key:NoSchedule</c>, as kubectl writes it.</summary>
public sealed record Taint(string Key, string Value, TaintEffect Effect)
{
    public static bool TryParse(string? text, [NotNullWhen(true)] out Taint? taint)
    {
        taint = null;
        if (text is null)
            return false;
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || colon == text.Length - 1
            || !Enum.TryParse<TaintEffect>(text.AsSpan(colon + 1), out var effect)
            || !char.IsAsciiLetter(text[colon + 1]))
            return false;
        var equals = text.IndexOf('=');
        var key = equals < 0 ? text[..colon] : text[..equals];
        var value = equals < 0 ? "" : text[(equals + 1)..colon];
        if (!KubernetesNames.IsQualifiedName(key) || !KubernetesNames.IsLabelValue(value))
            return false;
        taint = new Taint(key, value, effect);
        return true;
    }

    public override string ToString() => Value.Length == 0 ? $"{Key}:{Effect}" : $"{Key}={Value}:{Effect}";
}
