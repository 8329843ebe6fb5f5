using System.Buffers;
using System.Buffers.Binary;

namespace Spillway.ApiServer.Http.Protobuf;

/// <summary>
/// Writes protobuf's wire format into a pooled buffer. A nested message is written before its length is known: one byte
/// is kept free for it, and the message moves up when it turns out to need more.
/// </summary>
internal sealed class WireWriter : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(4096);
    private int _length;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    public void Tag(int number, int kind) => Varint((ulong)(uint)(number << 3 | kind));

    public void Varint(ulong value)
    {
        Ensure(10);
        while (value >= 0x80)
        {
            _buffer[_length++] = (byte)(value | 0x80);
            value >>= 7;
        }
        _buffer[_length++] = (byte)value;
    }

    public void Real(double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(Space(8), value);
        _length += 8;
    }

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Space(bytes.Length));
        _length += bytes.Length;
    }

    public void Block(ReadOnlySpan<byte> bytes)
    {
        Varint((ulong)bytes.Length);
        Raw(bytes);
    }

    /// <summary>Room for at least so many bytes; <see cref="Advance"/> tells how many were used.</summary>
    public Span<byte> Space(int size)
    {
        Ensure(size);
        return _buffer.AsSpan(_length);
    }

    public void Advance(int size) => _length += size;

    /// <summary>Starts a block of unknown length; the result is for <see cref="End"/>.</summary>
    public int Begin()
    {
        Ensure(1);
        return _length++;
    }

    public void End(int start)
    {
        var size = _length - start - 1;
        if (size < 0x80)
        {
            _buffer[start] = (byte)size;
            return;
        }
        var more = (System.Numerics.BitOperations.Log2((uint)size) / 7);
        Ensure(more);
        _buffer.AsSpan(start + 1, size).CopyTo(_buffer.AsSpan(start + 1 + more));
        _length = start;
        Varint((ulong)size);
        _length += size;
    }

    private void Ensure(int more)
    {
        if (_buffer.Length - _length >= more) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + more));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
