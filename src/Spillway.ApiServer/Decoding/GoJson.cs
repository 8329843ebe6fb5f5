using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer;

/// <summary>JSON text that cannot be read, in the words clients know from Go's decoder.</summary>
public sealed class GoJsonException(string message) : Exception(message);

/// <summary>
/// Reads JSON into a tree in one pass, eagerly, remembering doubled names (the last value wins, as in Go): the reader of
/// every request body.
/// </summary>
public ref struct GoJson
{
    private const int MaxDepth = 1000;

    private readonly ReadOnlySpan<byte> _text;
    private int _at;
    private int _depth;
    private Dictionary<JsonObject, List<string>>? _doubled;

    private GoJson(ReadOnlySpan<byte> text) => _text = text;

    /// <summary>The tree of <paramref name="text"/>.</summary>
    /// <param name="doubled">Objects with doubled names, each with all its names in the text's order; null when none.</param>
    public static JsonNode? Parse(ReadOnlySpan<byte> text, out Dictionary<JsonObject, List<string>>? doubled)
    {
        var reader = new GoJson(text);
        var node = reader.Value();
        reader.Space();
        if (reader._at < text.Length) throw reader.Unexpected("after top-level value");
        doubled = reader._doubled;
        return node;
    }

    private JsonNode? Value()
    {
        Space();
        if (_at >= _text.Length) throw End();
        if (++_depth > MaxDepth) throw new GoJsonException("exceeded max depth");
        JsonNode? node = _text[_at] switch
        {
            (byte)'{' => Object(),
            (byte)'[' => Array(),
            (byte)'"' => JsonValue.Create(String()),
            (byte)'t' => Literal("true", JsonValue.Create(true)),
            (byte)'f' => Literal("false", JsonValue.Create(false)),
            (byte)'n' => Literal("null", null),
            (byte)'-' or (>= (byte)'0' and <= (byte)'9') => Number(),
            _ => throw Unexpected("looking for beginning of value"),
        };
        _depth--;
        return node;
    }

    private JsonObject Object()
    {
        var map = new JsonObject();
        List<string>? names = null;
        _at++;
        Space();
        if (Peek() == '}')
        {
            _at++;
            return map;
        }
        while (true)
        {
            Space();
            if (Peek() != '"') throw Unexpected("looking for beginning of object key string");
            var name = String();
            Space();
            if (Peek() != ':') throw Unexpected("after object key");
            _at++;
            var value = Value();
            if (names is null && map.ContainsKey(name)) names = [.. map.Select(p => p.Key)];
            names?.Add(name);
            map[name] = value;
            Space();
            if (Peek() == ',')
            {
                _at++;
                continue;
            }
            if (Peek() != '}') throw Unexpected("after object key:value pair");
            _at++;
            if (names is not null) (_doubled ??= []).Add(map, names);
            return map;
        }
    }

    private JsonArray Array()
    {
        var list = new JsonArray();
        _at++;
        Space();
        if (Peek() == ']')
        {
            _at++;
            return list;
        }
        while (true)
        {
            list.Add(Value());
            Space();
            if (Peek() == ',')
            {
                _at++;
                continue;
            }
            if (Peek() != ']') throw Unexpected("after array element");
            _at++;
            return list;
        }
    }

    private string String()
    {
        var start = ++_at;
        var plain = _text[start..].IndexOfAny((byte)'"', (byte)'\\');
        if (plain >= 0
            && _text[start + plain] == '"' && _text.Slice(start, plain).IndexOfAnyInRange((byte)0, (byte)0x1f) < 0)
        {
            _at = start + plain + 1;
            return Encoding.UTF8.GetString(_text.Slice(start, plain));
        }
        var bytes = new ArrayBufferWriter<byte>();
        while (true)
        {
            var c = Peek();
            if (c == '"')
            {
                _at++;
                return Encoding.UTF8.GetString(bytes.WrittenSpan);
            }
            if (c < ' ') throw Unexpected("in string literal");
            if (c == '\\') Escape(bytes);
            else
            {
                bytes.Write([_text[_at]]);
                _at++;
            }
        }
    }

    private void Escape(ArrayBufferWriter<byte> bytes)
    {
        _at++;
        var c = Peek();
        if (c == 'u')
        {
            bytes.Write(Encoding.UTF8.GetBytes(Unicode()));
            return;
        }
        var escaped = "\"\\/bfnrt".IndexOf((char)c);
        if (escaped < 0) throw Unexpected("in string escape code");
        bytes.Write([(byte)"\"\\/\b\f\n\r\t"[escaped]]);
        _at++;
    }

    private string Unicode()
    {
        var first = Hex();
        if (!char.IsHighSurrogate(first)) return char.IsLowSurrogate(first) ? "\ufffd" : first.ToString();
        if (_at + 1 >= _text.Length || _text[_at] != '\\' || _text[_at + 1] != 'u') return "\ufffd";
        _at++;
        var second = Hex();
        return char.IsLowSurrogate(second) ? new string([first, second]) : "\ufffd" + second;
    }

    private char Hex()
    {
        _at++;
        var value = 0;
        for (var i = 0; i < 4; i++, _at++)
        {
            if (!char.IsAsciiHexDigit((char)Peek())) throw Unexpected("in \\u hexadecimal character escape");
            value = value * 16 + int.Parse([(char)_text[_at]], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }
        return (char)value;
    }

    private JsonNode? Literal(string word, JsonNode? value)
    {
        _at++;
        for (var i = 1; i < word.Length; i++, _at++)
            if (Peek() != word[i]) throw Unexpected($"in literal {word} (expecting {Quote(word[i])})");
        return value;
    }

    private JsonNode Number()
    {
        var start = _at;
        if (Peek() == '-')
        {
            _at++;
            if (!char.IsAsciiDigit((char)Peek())) throw Unexpected("in numeric literal");
        }
        if (Peek() == '0') _at++;
        else Digits();
        var whole = true;
        if (_at < _text.Length && _text[_at] == '.')
        {
            whole = false;
            _at++;
            if (!char.IsAsciiDigit((char)Peek())) throw Unexpected("after decimal point in numeric literal");
            Digits();
        }
        if (_at < _text.Length && _text[_at] is (byte)'e' or (byte)'E')
        {
            whole = false;
            _at++;
            if (Peek() is (byte)'+' or (byte)'-') _at++;
            if (!char.IsAsciiDigit((char)Peek())) throw Unexpected("in exponent of numeric literal");
            Digits();
        }
        var digits = _text[start.._at];
        if (whole && long.TryParse(digits, CultureInfo.InvariantCulture, out var number))
            return JsonValue.Create(number);
        // The text is kept as it came: nobody loses a digit.
        return JsonNode.Parse(digits)!;
    }

    private void Digits()
    {
        while (_at < _text.Length && char.IsAsciiDigit((char)_text[_at])) _at++;
    }

    private void Space()
    {
        while (_at < _text.Length && _text[_at] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r') _at++;
    }

    private readonly byte Peek() => _at < _text.Length ? _text[_at] : throw End();

    private static GoJsonException End() => new("unexpected end of JSON input");

    private readonly GoJsonException Unexpected(string where) =>
        _at >= _text.Length ? End() : new GoJsonException($"invalid character {Quote((char)_text[_at])} {where}");

    private static string Quote(char c) => c switch
    {
        '\'' => "'\\''",
        '"' => "'\"'",
        '\n' => "'\\n'",
        '\t' => "'\\t'",
        '\r' => "'\\r'",
        < ' ' => $"'\\x{(int)c:x2}'",
        _ => $"'{c}'",
    };
}
