using System.Globalization;
using System.Text;

namespace Spillway.ApiServer.Cel;

internal enum CelTokenKind { End, Name, Int, Uint, Double, Text, Bytes, Symbol }

/// <summary>One token; <see cref="Value"/> holds the literal, <see cref="Text"/> names and symbols.</summary>
internal readonly record struct CelToken(CelTokenKind Kind, string Text, object? Value, int Offset);

/// <summary>A complaint about an expression at a place in it.</summary>
internal sealed class CelSyntaxException(string message, int offset) : Exception(message)
{
    public int Offset { get; } = offset;
}

/// <summary>Splits a CEL expression into tokens.</summary>
internal sealed class CelLexer(string source)
{
    private static readonly string[] Pairs = ["&&", "||", "==", "!=", "<=", ">="];
    private int _at;

    public List<CelToken> Read()
    {
        var tokens = new List<CelToken>();
        while (true)
        {
            SkipBlank();
            if (_at >= source.Length) break;
            tokens.Add(Next());
        }

        tokens.Add(new CelToken(CelTokenKind.End, "<EOF>", null, source.Length));
        return tokens;
    }

    private char Peek(int ahead = 0) => _at + ahead < source.Length ? source[_at + ahead] : '\0';

    private void SkipBlank()
    {
        while (_at < source.Length)
        {
            if (char.IsWhiteSpace(source[_at])) _at++;
            else if (source[_at] == '/' && Peek(1) == '/') _at = source.IndexOf('\n', _at) is var end and >= 0 ? end
                : source.Length;
            else return;
        }
    }

    private CelToken Next()
    {
        var start = _at;
        var c = source[_at];
        if (TextPrefix() is { } prefix) return ReadText(start, prefix);
        if (char.IsAsciiLetter(c) || c == '_')
        {
            while (char.IsAsciiLetterOrDigit(Peek()) || Peek() == '_') _at++;
            return new CelToken(CelTokenKind.Name, source[start.._at], null, start);
        }

        if (c == '`')
        {
            var end = source.IndexOf('`', _at + 1);
            if (end < 0) throw Error("token recognition error at: '`'", start);
            _at = end + 1;
            return new CelToken(CelTokenKind.Name, source[(start + 1)..end], "quoted", start);
        }

        if (char.IsAsciiDigit(c) || (c == '.' && char.IsAsciiDigit(Peek(1)))) return ReadNumber(start);
        foreach (var pair in Pairs)
        {
            if (c != pair[0] || Peek(1) != pair[1]) continue;
            _at += 2;
            return new CelToken(CelTokenKind.Symbol, pair, null, start);
        }

        if (!"+-*/%!<>?:.,()[]{}".Contains(c,
            StringComparison.Ordinal)) throw Error($"token recognition error at: '{c}'", start);
        _at++;
        return new CelToken(CelTokenKind.Symbol, c.ToString(), null, start);
    }

    /// <summary>The r and b marks before a quote; null when no text starts here.</summary>
    private string? TextPrefix()
    {
        var length = 0;
        while (length < 2 && Peek(length) is 'r' or 'R' or 'b' or 'B') length++;
        for (; length >= 0; length--)
        {
            if (Peek(length) is '"' or '\'') return source.Substring(_at, length).ToLowerInvariant();
        }

        return null;
    }

    private CelToken ReadText(int start, string prefix)
    {
        _at += prefix.Length;
        var quote = source[_at];
        var isTriple = Peek(1) == quote && Peek(2) == quote;
        _at += isTriple ? 3 : 1;
        var isRaw = prefix.Contains('r', StringComparison.Ordinal);
        var isBytes = prefix.Contains('b', StringComparison.Ordinal);
        var text = new StringBuilder();
        while (true)
        {
            if (_at >= source.Length || (!isTriple && source[_at] == '\n')) throw Error("unterminated text", start);
            if (source[_at] == quote && (!isTriple || (Peek(1) == quote && Peek(2) == quote))) break;
            if (source[_at] == '\\' && !isRaw) ReadEscape(text, start);
            else text.Append(source[_at++]);
        }

        _at += isTriple ? 3 : 1;
        return isBytes
            ? new CelToken(CelTokenKind.Bytes, "", Encoding.UTF8.GetBytes(text.ToString()), start)
            : new CelToken(CelTokenKind.Text, "", text.ToString(), start);
    }

    private void ReadEscape(StringBuilder text, int start)
    {
        var c = Peek(1);
        _at += 2;
        switch (c)
        {
            case 'n': text.Append('\n'); break;
            case 't': text.Append('\t'); break;
            case 'r': text.Append('\r'); break;
            case 'a': text.Append('\a'); break;
            case 'b': text.Append('\b'); break;
            case 'f': text.Append('\f'); break;
            case 'v': text.Append('\v'); break;
            case '\\' or '\'' or '"' or '`' or '?': text.Append(c); break;
            case 'x' or 'X': text.Append((char)Hex(2, start)); break;
            case 'u': text.Append((char)Hex(4, start)); break;
            case 'U': text.Append(char.ConvertFromUtf32(Hex(8, start))); break;
            case >= '0' and <= '3':
                if (_at + 2 > source.Length) throw Error("unterminated text", start);
                text.Append((char)Convert.ToInt32(source.Substring(_at - 1, 3), 8));
                _at += 2;
                break;
            default: throw Error($"token recognition error at: '\\{c}'", start);
        }
    }

    private int Hex(int digits, int start)
    {
        if (_at + digits > source.Length
            || !int.TryParse(source.AsSpan(_at, digits), NumberStyles.HexNumber, CultureInfo.InvariantCulture,
                out var code))
            throw Error("invalid escape", start);
        _at += digits;
        return code;
    }

    private CelToken ReadNumber(int start)
    {
        if (Peek() == '0' && Peek(1) is 'x' or 'X')
        {
            _at += 2;
            while (char.IsAsciiHexDigit(Peek())) _at++;
            return Whole(start, source[(start + 2).._at], NumberStyles.HexNumber);
        }

        while (char.IsAsciiDigit(Peek())) _at++;
        var isReal = false;
        if (Peek() == '.' && char.IsAsciiDigit(Peek(1)))
        {
            isReal = true;
            _at++;
            while (char.IsAsciiDigit(Peek())) _at++;
        }

        if (Peek() is 'e' or 'E'
            && (char.IsAsciiDigit(Peek(1)) || (Peek(1) is '+' or '-' && char.IsAsciiDigit(Peek(2)))))
        {
            isReal = true;
            _at += 2;
            while (char.IsAsciiDigit(Peek())) _at++;
        }

        if (!isReal) return Whole(start, source[start.._at], NumberStyles.None);
        var real = double.Parse(source.AsSpan(start, _at - start), CultureInfo.InvariantCulture);
        return new CelToken(CelTokenKind.Double, "", real, start);
    }

    private CelToken Whole(int start, string digits, NumberStyles style)
    {
        if (Peek() is 'u' or 'U')
        {
            _at++;
            return ulong.TryParse(digits, style, CultureInfo.InvariantCulture, out var positive)
                ? new CelToken(CelTokenKind.Uint, "", positive, start)
                : throw Error("invalid uint literal", start);
        }

        if (long.TryParse(digits, style, CultureInfo.InvariantCulture, out var whole))
            return new CelToken(CelTokenKind.Int, "", whole, start);
        // Only right behind a minus sign; the parser takes care of it.
        return digits == "9223372036854775808"
            ? new CelToken(CelTokenKind.Int, "", long.MinValue, start)
            : throw Error("invalid int literal", start);
    }

    private static CelSyntaxException Error(string message, int offset) => new("Syntax error: " + message, offset);
}
