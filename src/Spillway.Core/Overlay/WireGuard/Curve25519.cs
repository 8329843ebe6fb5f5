using System.Numerics;

namespace Spillway.Core.Overlay.WireGuard;

/// <summary>
/// X25519 (RFC 7748) of the base point: the public half of a private key, to tell whether a file's key is the one its
/// peers know. It takes a time that depends on the key, so it is for the owner's own files on the owner's own machine;
/// tunnels are the kernel's work.
/// </summary>
internal static class Curve25519
{
    private static readonly BigInteger Prime = BigInteger.Pow(2, 255) - 19;

    public static WireGuardKey PublicKeyOf(WireGuardKey secret)
    {
        var scalar = secret.ToBytes();
        scalar[0] &= 248;
        scalar[31] = (byte)((scalar[31] & 127) | 64);
        var (x, z) = Ladder(scalar, 9);
        var result = x * BigInteger.ModPow(z, Prime - 2, Prime) % Prime;
        var bytes = new byte[32];
        result.TryWriteBytes(bytes, out _, isUnsigned: true);
        return WireGuardKey.FromBytes(bytes);
    }

    private static (BigInteger X, BigInteger Z) Ladder(byte[] scalar, BigInteger point)
    {
        BigInteger x2 = 1, z2 = 0, x3 = point, z3 = 1;
        var swapped = false;
        for (var bit = 254; bit >= 0; bit--)
        {
            var set = ((scalar[bit / 8] >> (bit % 8)) & 1) == 1;
            if (set != swapped)
                (x2, x3, z2, z3) = (x3, x2, z3, z2);
            swapped = set;
            var (sum, difference) = (x2 + z2, x2 - z2);
            var (sumSquare, differenceSquare) = (sum * sum % Prime, difference * difference % Prime);
            var e = sumSquare - differenceSquare;
            var (left, right) = ((x3 - z3) * sum % Prime, (x3 + z3) * difference % Prime);
            x3 = Positive(BigInteger.Pow(left + right, 2));
            z3 = Positive(point * BigInteger.Pow(left - right, 2));
            x2 = Positive(sumSquare * differenceSquare);
            z2 = Positive(e * (sumSquare + 121665 * e));
        }

        return swapped ? (x3, z3) : (x2, z2);
    }

    private static BigInteger Positive(BigInteger value)
    {
        var rest = value % Prime;
        return rest.Sign < 0 ? rest + Prime : rest;
    }
}
