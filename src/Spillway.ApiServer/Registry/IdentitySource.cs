using System.Buffers.Binary;

namespace Spillway.ApiServer.Registry;

/// <summary>Uids and generated names, from the generator handed in: the same seed gives the same cluster.</summary>
internal sealed class IdentitySource(Random random)
{
    // No vowels and no look-alikes, so that no words come out (as apimachinery's rand.String).
    private const string Letters = "bcdfghjklmnpqrstvwxz2456789";

    private readonly Lock _lock = new();

    public string NewUid()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (_lock) random.NextBytes(bytes);
        bytes[6] = (byte)(bytes[6] & 0x0f | 0x40);
        bytes[8] = (byte)(bytes[8] & 0x3f | 0x80);
        return new Guid(bytes, bigEndian: true).ToString();
    }

    public string Suffix()
    {
        lock (_lock) return new string(random.GetItems<char>(Letters, 5));
    }

    public int Below(int limit)
    {
        lock (_lock) return random.Next(limit);
    }

    public long NextNumber()
    {
        Span<byte> bytes = stackalloc byte[8];
        lock (_lock) random.NextBytes(bytes);
        return BinaryPrimitives.ReadInt64LittleEndian(bytes);
    }
}
