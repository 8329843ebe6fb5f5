using Spillway.Core.ClusterFile;
using Spillway.Core.Quantities;

namespace Spillway.Core.Overlay.WireGuard;

/// <summary>
/// Reads wg-quick files as the two real tools do together: wg-quick takes its own keys out of [Interface] sections and
/// hands every other line to wg, which drops blanks and comments and wants each line to be a section or a key.
/// </summary>
public sealed class WgQuickParser
{
    private static readonly string[] QuickKeys =
    [
        "Address", "MTU", "DNS", "Table", "PreUp", "PreDown", "PostUp", "PostDown", "SaveConfig",
    ];

    private static readonly string[] DeviceKeys = ["ListenPort", "FwMark", "PrivateKey"];

    private static readonly string[] PeerKeys =
        ["Endpoint", "PublicKey", "AllowedIPs", "PersistentKeepalive", "PresharedKey"];

    private enum Section
    {
        None,
        Interface,
        Peer,
    }

    private readonly string file;
    private readonly List<WgLine> lines = [];
    private readonly List<Diagnostic> found = [];
    private readonly WgReading reading;
    private Section quick;
    private Section device;

    private WgQuickParser(string file)
    {
        this.file = file;
        reading = new WgReading(found);
    }

    /// <param name="text">From <see cref="WgQuickFile.Decode"/>.</param>
    public static WgQuickFile Parse(string file, string text)
    {
        var parser = new WgQuickParser(file);
        var number = 0;
        for (var position = 0; position < text.Length;)
        {
            var end = text.IndexOf('\n', position);
            end = end < 0 ? text.Length : end + 1;
            parser.Line(text[position..end], ++number);
            position = end;
        }

        parser.reading.Finish();
        return new WgQuickFile
        {
            Name = file,
            Lines = parser.lines,
            Interface = parser.reading.Interface,
            Peers = parser.reading.Peers,
            Diagnostics = [.. parser.found.OrderBy(diagnostic => diagnostic.Place.Line)],
        };
    }

    private void Line(string raw, int number)
    {
        var body = raw.TrimEnd('\n');
        var hash = body.IndexOf('#');
        var content = hash < 0 ? body : body[..hash];
        var comment = hash < 0 ? null : body[(hash + 1)..].TrimEnd('\r');
        var equals = content.IndexOf('=');
        var key = Trim(equals < 0 ? content : content[..equals]);
        var value = Trim(content[(equals + 1)..]);
        var column = content.Length - content.TrimStart(Blanks).Length + 1;
        var place = new SourcePlace(file, number, column);

        if (key.StartsWith('['))
            quick = Is(key, "[Interface]") ? Section.Interface : Section.Peer;
        if (quick == Section.Interface && QuickKeys.FirstOrDefault(known => Is(key, known)) is { } own)
        {
            lines.Add(new WgLine(raw, content, comment, null, own, value, place));
            var start = Math.Max(content.IndexOf(value, equals + 1, StringComparison.Ordinal), 0);
            reading.QuickKey(own, value, new SourcePlace(file, number, start + 1));
            reading.Comment(comment);
            return;
        }

        lines.Add(ForWg(raw, content, comment, place));
    }

    /// <summary>What wg-quick passes on: wg removes every blank, wherever it stands.</summary>
    private WgLine ForWg(string raw, string content, string? comment, SourcePlace place)
    {
        var packed = string.Concat(content.Where(c => !Blanks.Contains(c)));
        var plain = new WgLine(raw, content, comment, null, null, null, place);
        if (packed.Length == 0)
        {
            reading.Comment(comment);
            return plain;
        }

        if (Is(packed, "[Interface]") || Is(packed, "[Peer]"))
        {
            device = Is(packed, "[Peer]") ? Section.Peer : Section.Interface;
            reading.Begin(device == Section.Peer, place);
            reading.Comment(comment);
            return plain with { Section = device.ToString() };
        }

        var equals = packed.IndexOf('=');
        var name = equals < 0 ? packed : packed[..equals];
        var value = equals < 0 ? "" : packed[(equals + 1)..];
        var known = device switch
        {
            Section.Interface => DeviceKeys,
            Section.Peer => PeerKeys,
            _ => [],
        };
        reading.Comment(comment);
        if (known.FirstOrDefault(key => Is(name, key)) is not { } spelt)
        {
            Refuse(place, Unknown(packed, name), Hint(name));
            return plain;
        }

        var start = content.IndexOf('=') + 1;
        while (start < content.Length && Blanks.Contains(content[start]))
            start++;
        var valuePlace = place with { Column = Math.Min(start, content.Length) + 1 };
        if (value.Length == 0)
            Refuse(valuePlace, $"{spelt} has no value", "write one, or remove the line");
        else
            reading.WgKey(spelt, value, valuePlace, Refuse);
        return plain with { Key = spelt, Value = Trim(content[(content.IndexOf('=') + 1)..]) };
    }

    private string Unknown(string packed, string name) => packed.StartsWith('[')
        ? $"'{packed}' is no section"
        : device switch
        {
            Section.None => $"'{name}' stands before any section",
            Section.Peer when DeviceKeys.Concat(QuickKeys).Any(key => Is(name, key)) =>
                $"'{name}' belongs into [Interface], and this is a [Peer]",
            Section.Interface when PeerKeys.Any(key => Is(name, key)) =>
                $"'{name}' belongs into a [Peer], and this is [Interface]",
            _ => $"unknown key '{name}'",
        };

    private string? Hint(string name)
    {
        if (name.StartsWith('\uFEFF'))
            return "save the file without a byte order mark";
        if (name.StartsWith('['))
            return "sections are [Interface] and [Peer]";
        if (device == Section.None)
            return "begin with [Interface]";
        IReadOnlyList<string> keys = device == Section.Peer ? PeerKeys : [.. DeviceKeys, .. QuickKeys];
        return ClusterFile.Shapes.Spelling.Closest(name, keys) is { } close ? $"did you mean '{close}'?" : null;
    }

    private void Refuse(SourcePlace place, string message, string? suggestion) => found.Add(
        new Diagnostic(DiagnosticCodes.TunnelFileRefused, DiagnosticSeverity.Error, place, message, suggestion));

    private static readonly char[] Blanks = [' ', '\t', '\r', '\v', '\f', '\n'];

    private static string Trim(string text) => text.Trim(Blanks);

    private static bool Is(string text, string key) => text.Equals(key, StringComparison.OrdinalIgnoreCase);
}
