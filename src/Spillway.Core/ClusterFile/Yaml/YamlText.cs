using System.Text;
using System.Text.Unicode;

namespace Spillway.Core.ClusterFile.Yaml;

/// <summary>One document's part of a file.</summary>
/// <param name="LineOffset">Lines before it in the file.</param>
internal sealed record YamlChunk(string Text, int LineOffset);

/// <summary>From bytes to the texts of a file's documents.</summary>
internal static class YamlText
{
    /// <summary>
    /// Documents are cut at the lines that begin with <c>---</c>, which nothing inside a document can, so that a
    /// mistake in one does not hide the others.
    /// </summary>
    public static IReadOnlyList<YamlChunk> Split(string text)
    {
        var chunks = new List<YamlChunk>();
        var start = 0;
        var startLine = 0;
        var line = 0;
        for (var position = 0; position < text.Length; line++)
        {
            if (position > 0 && IsSeparator(text, position))
            {
                AddChunk(chunks, text[start..position], startLine);
                start = position;
                startLine = line;
            }

            var end = text.IndexOf('\n', position);
            position = end < 0 ? text.Length : end + 1;
        }

        AddChunk(chunks, text[start..], startLine);
        return chunks;
    }

    /// <summary>Null, with the problem reported, when the bytes are not UTF-8.</summary>
    public static string? Decode(SourceFile file, Problems problems)
    {
        var bytes = file.Content.Span;
        if (bytes.StartsWith([(byte)0xEF, (byte)0xBB, (byte)0xBF]))
            bytes = bytes[3..];
        if (bytes.StartsWith([(byte)0xFF, (byte)0xFE]) || bytes.StartsWith([(byte)0xFE, (byte)0xFF]))
        {
            problems.Error(DiagnosticCodes.NotUtf8, new SourcePlace(file.Name, 1, 1), "the file is UTF-16",
                "save it as UTF-8");
            return null;
        }

        if (Utf8.IsValid(bytes))
        {
            var text = Encoding.UTF8.GetString(bytes);
            var zero = text.IndexOf('\0');
            if (zero < 0)
                return text;
            problems.Error(DiagnosticCodes.NotUtf8, PlaceOf(file.Name, text.AsSpan(0, zero)),
                "the file holds a zero byte: it is not text");
            return null;
        }

        var valid = ValidLength(bytes);
        var before = Encoding.UTF8.GetString(bytes[..valid]);
        var offset = valid + file.Content.Length - bytes.Length;
        problems.Error(DiagnosticCodes.NotUtf8, PlaceOf(file.Name, before),
            $"byte {offset} (0x{bytes[valid]:X2}) is not UTF-8", "save the file as UTF-8");
        return null;
    }

    private static int ValidLength(ReadOnlySpan<byte> bytes)
    {
        var position = 0;
        while (position < bytes.Length
            && Rune.DecodeFromUtf8(bytes[position..], out _, out var length) == System.Buffers.OperationStatus.Done)
            position += length;
        return position;
    }

    private static SourcePlace PlaceOf(string file, ReadOnlySpan<char> before)
    {
        var line = before.Count('\n') + 1;
        var column = before.Length - before.LastIndexOf('\n');
        return new SourcePlace(file, line, column);
    }

    private static bool IsSeparator(string text, int position) =>
        string.CompareOrdinal(text, position, "---", 0, 3) == 0
        && (position + 3 == text.Length || text[position + 3] is ' ' or '\t' or '\r' or '\n');

    // What stands before the first separator may be only comments and directives (%YAML 1.2): no document.
    private static void AddChunk(List<YamlChunk> chunks, string text, int line)
    {
        var separated = text.StartsWith("---", StringComparison.Ordinal);
        foreach (var current in text.AsSpan().EnumerateLines())
        {
            var trimmed = current.Trim();
            if (separated && trimmed.SequenceEqual("---") || trimmed.IsEmpty || trimmed[0] == '#'
                || current[0] == '%' && !separated || trimmed.SequenceEqual("..."))
                continue;
            chunks.Add(new YamlChunk(text, line));
            return;
        }
    }
}
