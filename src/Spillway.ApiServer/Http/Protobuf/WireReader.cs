namespace Spillway.ApiServer.Http.Protobuf;

/// <summary>Reads protobuf's wire format; broken bytes are an <see cref="InvalidDataException"/>.</summary>
internal ref struct WireReader(ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private int _at;

    public readonly bool IsAtEnd => _at >= _data.Length;

    public (int Number, int Kind) Tag()
    {
        var tag = Varint();
        return ((int)(tag >> 3), (int)(tag & 7));
    }

    public ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            if (_at >= _data.Length) throw new InvalidDataException("proto: unexpected EOF");
            var part = _data[_at++];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80) return value;
        }
        throw new InvalidDataException("proto: integer overflow");
    }

    public ReadOnlySpan<byte> Block()
    {
        var length = Varint();
        if (length > (ulong)(_data.Length - _at)) throw new InvalidDataException("proto: unexpected EOF");
        var block = _data.Slice(_at, (int)length);
        _at += (int)length;
        return block;
    }

    public double Real()
    {
        if (_data.Length - _at < 8) throw new InvalidDataException("proto: unexpected EOF");
        var value = System.Buffers.Binary.BinaryPrimitives.ReadDoubleLittleEndian(_data[_at..]);
        _at += 8;
        return value;
    }

    /// <summary>Steps over a field that is not known.</summary>
    public void Skip(int kind)
    {
        switch (kind)
        {
            case 0: Varint(); break;
            case 1: Real(); break;
            case 2: Block(); break;
            case 5:
                if (_data.Length - _at < 4) throw new InvalidDataException("proto: unexpected EOF");
                _at += 4;
                break;
            default: throw new InvalidDataException($"proto: illegal wireType {kind}");
        }
    }
}
