using System.Text.RegularExpressions;

namespace Spillway.Core.Ports;

/// <summary>Takes secrets out of what machines print before it is shown, logged or kept.</summary>
public static partial class Redaction
{
    private const string Mark = "***";

    /// <param name="text">What a command printed.</param>
    /// <param name="secrets">Values that are known to be secret here; short ones would blot out ordinary words.</param>
    public static string Of(string text, params IEnumerable<string> secrets)
    {
        foreach (var secret in secrets.Where(secret => secret.Length >= 8))
            text = text.Replace(secret, Mark, StringComparison.Ordinal);
        text = KeyLine().Replace(text, "$1" + Mark);
        text = BootstrapToken().Replace(text, "$1." + Mark);
        text = NodeToken().Replace(text, Mark);
        return PemKey().Replace(text, Mark);
    }

    // wg-quick files; kubeconfigs; OpenVPN's inline keys are PEM or follow a begin line.
    [GeneratedRegex(
        @"((?:PrivateKey|PresharedKey|private-key|client-key-data|token|password|certificate-key)\s*[:=]\s*[""']?)[^\s""',}]+",
        RegexOptions.IgnoreCase)]
    private static partial Regex KeyLine();

    // Its first half names it and is public, as in 'kubeadm token list'.
    [GeneratedRegex(@"\b([a-z0-9]{6})\.[a-z0-9]{16}\b")]
    private static partial Regex BootstrapToken();

    // k3s and RKE2.
    [GeneratedRegex(@"\bK10[0-9a-f]{64}::\S+")]
    private static partial Regex NodeToken();

    [GeneratedRegex(
        @"-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|Static key V1)-----.*?-----END [A-Z0-9 ]*-----",
        RegexOptions.Singleline | RegexOptions.IgnoreCase)]
    private static partial Regex PemKey();
}
