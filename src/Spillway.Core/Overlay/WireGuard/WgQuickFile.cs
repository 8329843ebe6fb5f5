using System.Text;
using Spillway.Core.ClusterFile;

namespace Spillway.Core.Overlay.WireGuard;

/// <summary>
/// A wg-quick file as it was written: every byte of it, what it says, and everything the real tools would refuse or
/// take differently than it looks.
/// </summary>
public sealed record WgQuickFile
{
    public required string Name { get; init; }
    public required IReadOnlyList<WgLine> Lines { get; init; }
    public required WgInterface Interface { get; init; }
    public required IReadOnlyList<WgPeer> Peers { get; init; }
    public required IReadOnlyList<Diagnostic> Diagnostics { get; init; }

    /// <summary>Whether <c>wg-quick strip</c> or <c>wg setconf</c> would refuse it.</summary>
    public bool IsRefused => Diagnostics.Any(found => found.Code == DiagnosticCodes.TunnelFileRefused);

    /// <summary>The file as it was, byte for byte once encoded as it was decoded.</summary>
    public string Text => string.Concat(Lines.Select(line => line.Raw));

    /// <summary>The file with its keys hidden: fit for plans, logs and questions to others.</summary>
    public string Redacted => string.Concat(Lines.Select(line => line.Redacted));

    /// <summary>
    /// The same said in one form: wg's own spelling of keys, one space around '=', comments kept, one empty line before
    /// each section. Keys stay, so it is as secret as the file itself.
    /// </summary>
    public string Normalised()
    {
        var text = new StringBuilder();
        foreach (var line in Lines)
        {
            if (line.Section is not null && text.Length > 0)
                text.Append('\n');
            var said = line switch
            {
                { Section: { } section } => $"[{section}]",
                { Key: { } key } => $"{key} = {line.Value}",
                _ => line.Content.Trim(),
            };
            var comment = line.Comment is { } words ? "#" + words.TrimEnd() : "";
            if (said.Length + comment.Length > 0)
                text.Append(said).Append(said.Length > 0 && comment.Length > 0 ? " " : "").Append(comment).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Never the content: a record that ends up in a log must not take a key along.</summary>
    public override string ToString() => Name;

    /// <summary>Text of a file's bytes: UTF-8 where they are, else one character a byte, so that nothing is lost.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes) =>
        System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : Encoding.Latin1.GetString(bytes);
}

/// <summary>One line.</summary>
/// <param name="Raw">With its line end.</param>
/// <param name="Content">Before the comment.</param>
/// <param name="Comment">Behind the '#'; null for none.</param>
/// <param name="Section"><c>Interface</c> or <c>Peer</c> where the line begins one.</param>
/// <param name="Key">In wg's own spelling; null for lines that are no known key.</param>
/// <param name="Value">Trimmed.</param>
public sealed record WgLine(
    string Raw, string Content, string? Comment, string? Section, string? Key, string? Value, SourcePlace Place)
{
    public bool IsSecret => Key is "PrivateKey" or "PresharedKey";

    public string Redacted => !IsSecret || Value is not { Length: > 0 } secret
        ? Raw
        : Raw.Replace(secret, "(hidden)", StringComparison.Ordinal);

    public override string ToString() => $"{Place}: {Redacted.TrimEnd()}";
}

/// <summary>What the [Interface] sections say together.</summary>
public sealed record WgInterface
{
    public IReadOnlyList<WgValue> Addresses { get; init; } = [];
    public IReadOnlyList<WgValue> Dns { get; init; } = [];
    public int? ListenPort { get; init; }
    public int? Mtu { get; init; }
    public string? Table { get; init; }
    public bool SaveConfig { get; init; }

    /// <summary>Derived from the private key, which is not kept; null where the file has none.</summary>
    public WireGuardKey? PublicKey { get; init; }

    /// <summary>Commands in the order they are run.</summary>
    public IReadOnlyList<WgHook> Hooks { get; init; } = [];

    /// <summary>From a comment such as <c># Name = home</c>.</summary>
    public string? Label { get; init; }
}

public sealed record WgHook(string When, string Command, SourcePlace Place);

/// <summary>A value with the place where it was written.</summary>
public sealed record WgValue(string Text, SourcePlace Place);

public sealed record WgPeer
{
    /// <summary>Null where it is missing, which is refused.</summary>
    public WireGuardKey? PublicKey { get; init; }

    public bool HasPresharedKey { get; init; }
    public IReadOnlyList<WgValue> AllowedIps { get; init; } = [];

    /// <summary>Host and port as written; the host may be a name.</summary>
    public (string Host, int Port)? Endpoint { get; init; }

    /// <summary>Seconds; zero for never.</summary>
    public int Keepalive { get; init; }

    public string? Label { get; init; }
    public required SourcePlace Place { get; init; }
}
