using System.Buffers.Text;
using System.Text.Json;

namespace Spillway.ApiServer.Http.Protobuf;

/// <summary>Turns an object's JSON text into its message, in one pass and without a tree.</summary>
internal ref struct ProtobufEncoder
{
    private readonly ReadOnlySpan<byte> _json;
    private readonly WireWriter _writer;
    private Utf8JsonReader _reader;

    private ProtobufEncoder(ReadOnlySpan<byte> json, WireWriter writer)
    {
        _json = json;
        _writer = writer;
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 512 });
    }

    /// <summary>Writes the fields of an object; kind and apiVersion, which are no fields, are left out.</summary>
    public static void Write(ReadOnlySpan<byte> json, WireMessage message, WireWriter writer)
    {
        var encoder = new ProtobufEncoder(json, writer);
        if (encoder._reader.Read() && encoder._reader.TokenType == JsonTokenType.StartObject) encoder.Fields(message);
    }

    private void Fields(WireMessage message)
    {
        var next = 0;
        // Fields that lie in a message of their own on the wire only; one level in every known type.
        Span<int> enclosing = stackalloc int[4];
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = message.Find(_reader.ValueSpan, ref next);
            _reader.Read();
            if (field is null || _reader.TokenType == JsonTokenType.Null)
            {
                _reader.Skip();
                continue;
            }
            var around = enclosing[..field.Around.Length];
            for (var i = 0; i < around.Length; i++)
            {
                _writer.Tag(field.Around[i], 2);
                around[i] = _writer.Begin();
            }
            Field(field);
            for (var i = around.Length - 1; i >= 0; i--) _writer.End(around[i]);
        }
    }

    private void Field(WireField field)
    {
        if (field.IsMap && _reader.TokenType == JsonTokenType.StartObject) Entries(field);
        else if (field.IsRepeated && _reader.TokenType == JsonTokenType.StartArray)
        {
            while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray) Value(field.Number, field);
        }
        else if (field.IsMap || field.IsRepeated) _reader.Skip();
        else Value(field.Number, field);
    }

    private void Entries(WireField field)
    {
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            _writer.Tag(field.Number, 2);
            var start = _writer.Begin();
            _writer.Tag(1, 2);
            Text();
            _reader.Read();
            if (_reader.TokenType != JsonTokenType.Null) Value(2, field);
            _writer.End(start);
        }
    }

    private void Value(int number, WireField field)
    {
        switch (field.Form, _reader.TokenType)
        {
            case (WireForm.Message, _):
                _writer.Tag(number, 2);
                Message(field.Message!);
                break;
            case (WireForm.Text, JsonTokenType.String):
                _writer.Tag(number, 2);
                Text();
                break;
            case (WireForm.Bytes, JsonTokenType.String):
                _writer.Tag(number, 2);
                Bytes();
                break;
            case (WireForm.Flag, JsonTokenType.True or JsonTokenType.False):
                _writer.Tag(number, 0);
                _writer.Varint(_reader.TokenType == JsonTokenType.True ? 1u : 0u);
                break;
            case (WireForm.Whole, JsonTokenType.Number):
                _writer.Tag(number, 0);
                _writer.Varint((ulong)(_reader.TryGetInt64(out var whole) ? whole : (long)_reader.GetDouble()));
                break;
            case (WireForm.Real, JsonTokenType.Number):
                _writer.Tag(number, 1);
                _writer.Real(_reader.GetDouble());
                break;
            default:
                throw new JsonException($"{field.Name} cannot be written as protobuf: it holds a {_reader.TokenType}");
        }
    }

    private void Message(WireMessage message)
    {
        var start = _writer.Begin();
        switch (message.Shape)
        {
            case WireShape.Time or WireShape.MicroTime: Time(message.Shape == WireShape.MicroTime); break;
            case WireShape.Quantity: Quantity(); break;
            case WireShape.IntOrString: IntOrString(); break;
            case WireShape.RawJson: RawJson(); break;
            case WireShape.List: Value(message.Declared[0]); break;
            case WireShape.Union: Union(message); break;
            case WireShape.Duration:
                throw new JsonException("durations are no part of any served kind, so they cannot be written as protobuf");
            default:
                if (_reader.TokenType == JsonTokenType.StartObject) Fields(message);
                else if (_reader.TokenType != JsonTokenType.Null)
                    throw new JsonException($"{message.Name} cannot be written as protobuf: it is a {_reader.TokenType}");
                break;
        }
        _writer.End(start);
    }

    private void Value(WireField list)
    {
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray) Value(list.Number, list);
    }

    /// <summary>A schema, or instead of it a list or a flag.</summary>
    private void Union(WireMessage message)
    {
        foreach (var field in message.Declared)
        {
            var fits = _reader.TokenType switch
            {
                JsonTokenType.StartArray => field.IsRepeated,
                JsonTokenType.StartObject => field is { Form: WireForm.Message, IsRepeated: false },
                _ => field.Form == WireForm.Flag,
            };
            if (fits)
            {
                Field(field);
                return;
            }
            if (field.Form != WireForm.Flag) continue;
            _writer.Tag(field.Number, 0);
            _writer.Varint(1);
        }
    }

    private void Text()
    {
        if (!_reader.ValueIsEscaped)
        {
            _writer.Block(_reader.ValueSpan);
            return;
        }
        var start = _writer.Begin();
        _writer.Advance(_reader.CopyString(_writer.Space(_reader.ValueSpan.Length)));
        _writer.End(start);
    }

    private void Bytes()
    {
        if (_reader.ValueIsEscaped)
        {
            _writer.Block(_reader.GetBytesFromBase64());
            return;
        }
        var text = _reader.ValueSpan;
        var start = _writer.Begin();
        Base64.DecodeFromUtf8(
            text, _writer.Space(Base64.GetMaxDecodedFromUtf8Length(text.Length)), out _, out var written);
        _writer.Advance(written);
        _writer.End(start);
    }

    private void Time(bool isMicro)
    {
        if (_reader.TokenType == JsonTokenType.Null) return;
        var ticks = _reader.GetDateTimeOffset().UtcTicks - DateTime.UnixEpoch.Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        if (rest < 0) (seconds, rest) = (seconds - 1, rest + TimeSpan.TicksPerSecond);
        _writer.Tag(1, 0);
        _writer.Varint((ulong)seconds);
        _writer.Tag(2, 0);
        _writer.Varint(isMicro ? (ulong)(rest * TimeSpan.NanosecondsPerTick) : 0);
    }

    private void Quantity()
    {
        if (_reader.TokenType == JsonTokenType.Null) return;
        _writer.Tag(1, 2);
        if (_reader.TokenType == JsonTokenType.Number) _writer.Block(_reader.ValueSpan);
        else Text();
    }

    private void IntOrString()
    {
        var isText = _reader.TokenType == JsonTokenType.String;
        _writer.Tag(1, 0);
        _writer.Varint(isText ? 1u : 0u);
        _writer.Tag(2, 0);
        _writer.Varint(isText ? 0 : (ulong)_reader.GetInt64());
        _writer.Tag(3, 2);
        if (isText) Text();
        else _writer.Varint(0);
    }

    private void RawJson()
    {
        var start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        _writer.Tag(1, 2);
        _writer.Block(_json[start..(int)_reader.BytesConsumed]);
    }
}
