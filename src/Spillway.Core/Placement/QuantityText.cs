namespace Spillway.Core.Placement;

/// <summary>
/// Kubernetes quantities straight from the bytes of a document: exact decimal arithmetic, rounded up to the unit asked
/// for, saturating at the largest long as Kubernetes caps them.
/// </summary>
internal static class QuantityText
{
    /// <param name="text">Such as `1.5Gi`, `250m`, `1e3`.</param>
    /// <param name="decimals">Decimal digits kept: 3 reads thousandths (CPU), 0 whole units.</param>
    public static bool TryParse(ReadOnlySpan<byte> text, int decimals, out long amount)
    {
        amount = 0;
        var position = 0;
        var negative = false;
        if (position < text.Length && text[position] is (byte)'+' or (byte)'-') negative = text[position++] == '-';
        if (!ReadDigits(text, ref position, out var digits, out var fraction)) return false;
        if (!ReadSuffix(text[position..], out var exponent, out var binary)) return false;

        var shift = exponent + decimals - fraction;
        if (!Scale(digits, shift, binary, negative, out var value)) value = long.MaxValue;
        amount = negative ? -value : value;
        return true;
    }

    private static bool ReadDigits(ReadOnlySpan<byte> text, ref int position, out UInt128 digits, out int fraction)
    {
        digits = 0;
        fraction = 0;
        var seen = 0;
        var point = false;
        for (; position < text.Length; position++)
        {
            var character = text[position];
            if (character == '.' && !point)
            {
                point = true;
                continue;
            }
            if (character is < (byte)'0' or > (byte)'9') break;
            seen++;
            if (digits > UInt128.MaxValue / 100) return false;
            digits = (digits * 10) + (uint)(character - '0');
            if (point) fraction++;
        }
        return seen > 0;
    }

    private static bool ReadSuffix(ReadOnlySpan<byte> suffix, out int exponent, out int binary)
    {
        exponent = 0;
        binary = 0;
        if (suffix.IsEmpty) return true;
        if (suffix.Length == 2 && suffix[1] == 'i')
        {
            binary = 10 * ("KMGTPE".IndexOf((char)suffix[0]) + 1);
            return binary > 0;
        }
        if (suffix.Length == 1)
        {
            exponent = suffix[0] switch
            {
                (byte)'n' => -9,
                (byte)'u' => -6,
                (byte)'m' => -3,
                (byte)'k' => 3,
                (byte)'M' => 6,
                (byte)'G' => 9,
                (byte)'T' => 12,
                (byte)'P' => 15,
                (byte)'E' => 18,
                _ => 0,
            };
            return exponent != 0;
        }
        return suffix[0] is (byte)'e' or (byte)'E'
            && System.Buffers.Text.Utf8Parser.TryParse(suffix[1] == '+' ? suffix[2..] : suffix[1..], out exponent, out var used)
            && used == suffix.Length - (suffix[1] == '+' ? 2 : 1)
            && exponent is > -64 and < 64;
    }

    /// <summary>False when the value is beyond a long.</summary>
    private static bool Scale(UInt128 digits, int decimalShift, int binaryShift, bool negative, out long value)
    {
        value = 0;
        if (digits == 0) return true;
        var limit = (UInt128)long.MaxValue;
        for (; binaryShift > 0; binaryShift--)
        {
            if (digits > UInt128.MaxValue >> 1) return false;
            digits <<= 1;
        }
        for (; decimalShift > 0; decimalShift--)
        {
            if (digits > limit) return false;
            digits *= 10;
        }
        var remainder = false;
        for (; decimalShift < 0; decimalShift++)
        {
            (digits, var rest) = UInt128.DivRem(digits, 10);
            remainder |= rest != 0;
        }
        // Away from zero: kube's Value() and MilliValue() round a part of a unit up.
        if (remainder && !negative) digits++;
        if (digits > limit) return false;
        value = (long)digits;
        return true;
    }
}
