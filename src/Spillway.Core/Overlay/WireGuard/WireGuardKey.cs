using System.Diagnostics.CodeAnalysis;

namespace Spillway.Core.Overlay.WireGuard;

/// <summary>A WireGuard public key as <c>wg</c> prints it: 32 bytes in base64.</summary>
public sealed record WireGuardKey
{
    private const int TextLength = 44;

    private readonly string text;

    private WireGuardKey(string text) => this.text = text;

    /// <summary>
    /// Takes exactly what <c>wg</c> takes: 43 letters of standard base64 and one '=', the two bits that 32 bytes do not
    /// fill zero.
    /// </summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out WireGuardKey? key)
    {
        key = null;
        Span<byte> bytes = stackalloc byte[32];
        if (text is not { Length: TextLength } || text.AsSpan().ContainsAny(" \t\r\n")
            || !Convert.TryFromBase64String(text, bytes, out var written) || written != bytes.Length
            || Convert.ToBase64String(bytes) != text)
            return false;
        key = new WireGuardKey(text);
        return true;
    }

    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public static WireGuardKey FromBytes(ReadOnlySpan<byte> bytes) =>
        bytes.Length == 32
            ? new WireGuardKey(Convert.ToBase64String(bytes))
            : throw new ArgumentException("a key has 32 bytes", nameof(bytes));

    public byte[] ToBytes() => Convert.FromBase64String(text);

    public override string ToString() => text;
}
