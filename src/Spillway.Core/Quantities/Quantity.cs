using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace Spillway.Core.Quantities;

/// <summary>Which family of suffixes a quantity was written with; canonical printing keeps it.</summary>
public enum QuantityFormat : byte
{
    /// <summary>n, u, m, none, k, M, G, T, P, E: powers of 1000.</summary>
    DecimalSi,

    /// <summary>Ki, Mi, Gi, Ti, Pi, Ei: powers of 1024.</summary>
    BinarySi,

    /// <summary>1e3, 5E-3.</summary>
    DecimalExponent,
}

/// <summary>
/// A Kubernetes resource quantity: exact to one nano, capped at 2^63-1 as Kubernetes caps it. Two quantities are
/// equal when their values are, however they were written.
/// </summary>
public readonly struct Quantity : IEquatable<Quantity>, IComparable<Quantity>
{
    private const long NanosPerUnit = 1_000_000_000;
    private const long NanosPerMilli = 1_000_000;
    private const string DecimalSuffixes = "num kMGTPE";
    private static readonly Int128 Largest = (Int128)long.MaxValue * NanosPerUnit;
    private readonly Int128 nanos;
    private readonly QuantityFormat format;

    private Quantity(Int128 nanos, QuantityFormat format)
    {
        this.nanos = nanos > Largest ? Largest : nanos < -Largest ? -Largest : nanos;
        this.format = format;
    }

    public static Quantity Zero => default;

    /// <summary>The exact value in thousand-millionths of a unit.</summary>
    public Int128 Nanos => nanos;

    public QuantityFormat Format => format;

    public bool IsZero => nanos == 0;

    public bool IsNegative => nanos < 0;

    /// <summary>Whole units (bytes, devices, pods), rounded up as Kubernetes' <c>Value()</c> does.</summary>
    public long Value => (long)RoundUp(NanosPerUnit);

    /// <summary>Thousandths (milli-CPU), rounded up; saturates at the range of a long.</summary>
    public long Milli
    {
        get
        {
            var milli = RoundUp(NanosPerMilli);
            return milli > long.MaxValue ? long.MaxValue : milli < long.MinValue ? long.MinValue : (long)milli;
        }
    }

    /// <summary>Units as a floating number, for ratios and display only.</summary>
    public double Approximate => (double)nanos / NanosPerUnit;

    public static Quantity FromNanos(Int128 nanos, QuantityFormat format = QuantityFormat.DecimalSi) =>
        new(nanos, format);

    public static Quantity FromMilli(long milli) => new((Int128)milli * NanosPerMilli, QuantityFormat.DecimalSi);

    public static Quantity FromWhole(long units) => new((Int128)units * NanosPerUnit, QuantityFormat.DecimalSi);

    /// <summary>A number of bytes, printed with binary suffixes.</summary>
    public static Quantity FromBytes(long bytes) => new((Int128)bytes * NanosPerUnit, QuantityFormat.BinarySi);

    public static Quantity FromMebibytes(long mebibytes) => FromBytes(mebibytes * 1024 * 1024);

    public static Quantity Parse(string text) =>
        TryParse(text, out var quantity)
            ? quantity
            : throw new FormatException($"'{text}' is not a quantity: write it as 500m, 4, 1.5Gi or 1e3.");

    public static bool TryParse([NotNullWhen(true)] string? text, out Quantity quantity) =>
        TryParse(text.AsSpan(), out quantity);

    public static bool TryParse(ReadOnlySpan<char> text, out Quantity quantity)
    {
        quantity = default;
        var position = 0;
        var negative = false;
        if (text.Length > 0 && text[0] is '+' or '-')
        {
            negative = text[0] == '-';
            position = 1;
        }

        var whole = Digits(text, ref position);
        var fraction = ReadOnlySpan<char>.Empty;
        if (position < text.Length && text[position] == '.')
        {
            position++;
            fraction = Digits(text, ref position);
        }

        if (whole.IsEmpty && fraction.IsEmpty)
            return false;
        if (!TryReadSuffix(text[position..], out var format, out var power))
            return false;

        quantity = new Quantity(Scale(whole, fraction, negative, format, power), format);
        return true;
    }

    public static Quantity operator +(Quantity left, Quantity right) =>
        new(left.nanos + right.nanos, left.IsZero ? right.format : left.format);

    public static Quantity operator -(Quantity left, Quantity right) =>
        new(left.nanos - right.nanos, left.IsZero ? right.format : left.format);

    public static Quantity operator *(Quantity left, long times) => new(left.nanos * times, left.format);

    public static bool operator ==(Quantity left, Quantity right) => left.nanos == right.nanos;

    public static bool operator !=(Quantity left, Quantity right) => left.nanos != right.nanos;

    public static bool operator <(Quantity left, Quantity right) => left.nanos < right.nanos;

    public static bool operator >(Quantity left, Quantity right) => left.nanos > right.nanos;

    public static bool operator <=(Quantity left, Quantity right) => left.nanos <= right.nanos;

    public static bool operator >=(Quantity left, Quantity right) => left.nanos >= right.nanos;

    public int CompareTo(Quantity other) => nanos.CompareTo(other.nanos);

    public bool Equals(Quantity other) => nanos == other.nanos;

    public override bool Equals(object? obj) => obj is Quantity other && Equals(other);

    public override int GetHashCode() => nanos.GetHashCode();

    /// <summary>The canonical form: no fraction, the largest suffix that keeps the value exact.</summary>
    public override string ToString()
    {
        if (nanos == 0)
            return "0";

        // Kubernetes prints small and fractional binary quantities with decimal suffixes.
        var magnitude = Int128.Abs(nanos);
        var wholeUnits = nanos % NanosPerUnit == 0;
        return format == QuantityFormat.BinarySi && wholeUnits && magnitude >= (Int128)1024 * NanosPerUnit
            ? PrintBinary(nanos / NanosPerUnit)
            : PrintDecimal();
    }

    private static ReadOnlySpan<char> Digits(ReadOnlySpan<char> text, scoped ref int position)
    {
        var start = position;
        while (position < text.Length && char.IsAsciiDigit(text[position]))
            position++;
        return text[start..position];
    }

    /// <param name="power">The power of ten, or of 1024 for <see cref="QuantityFormat.BinarySi"/>.</param>
    private static bool TryReadSuffix(ReadOnlySpan<char> suffix, out QuantityFormat format, out int power)
    {
        format = QuantityFormat.DecimalSi;
        power = 0;
        if (suffix.IsEmpty)
            return true;
        if (suffix.Length == 1)
        {
            var index = suffix[0] == ' ' ? -1 : DecimalSuffixes.IndexOf(suffix[0]);
            power = (index - 3) * 3;
            return index >= 0;
        }

        if (suffix is [_, 'i'])
        {
            format = QuantityFormat.BinarySi;
            power = "KMGTPE".IndexOf(suffix[0]) + 1;
            return power > 0;
        }

        format = QuantityFormat.DecimalExponent;
        if (suffix[0] is not ('e' or 'E'))
            return false;
        var read = int.TryParse(suffix[1..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out power);
        return read;
    }

    private static Int128 Scale(
        ReadOnlySpan<char> whole, ReadOnlySpan<char> fraction, bool negative, QuantityFormat format, int power)
    {
        var binary = format == QuantityFormat.BinarySi;
        var tens = (binary ? 9 : 9 + power) - fraction.Length;
        Int128 value;
        if (whole.Length + fraction.Length <= 18 && tens is >= 0 and <= 18)
        {
            long digits = 0;
            foreach (var c in whole)
                digits = digits * 10 + (c - '0');
            foreach (var c in fraction)
                digits = digits * 10 + (c - '0');
            var scaled = (Int128)digits * PowerOfTen(tens);
            var shift = binary ? 10 * power : 0;
            value = scaled <= Int128.MaxValue >> (shift + 1) ? scaled << shift : Largest;
        }
        else
        {
            value = ScaleBig(string.Concat(whole, fraction), tens, binary ? power : 0);
        }

        return negative ? -value : value;
    }

    // The slow way, for digits beyond a long or below a nano: what is smaller than a nano rounds away from zero.
    private static Int128 ScaleBig(string digits, int tens, int power1024)
    {
        digits = digits.TrimStart('0');
        if (digits.Length == 0)
            return 0;
        if (digits.Length + (long)tens > 60)
            return Largest;
        if (digits.Length + (long)tens + power1024 * 4L < 0)
            return 1;

        var value = BigInteger.Parse(digits, CultureInfo.InvariantCulture) << (10 * power1024);
        if (tens >= 0)
        {
            value *= BigInteger.Pow(10, tens);
        }
        else
        {
            value = BigInteger.DivRem(value, BigInteger.Pow(10, -tens), out var rest);
            if (!rest.IsZero)
                value += 1;
        }

        return value > (BigInteger)Largest ? Largest : (Int128)value;
    }

    private static long PowerOfTen(int exponent)
    {
        long power = 1;
        for (; exponent > 0; exponent--)
            power *= 10;
        return power;
    }

    private static string PrintBinary(Int128 units)
    {
        var power = 0;
        while (power < 6 && units % 1024 == 0)
        {
            units /= 1024;
            power++;
        }

        return power == 0 ? units.ToString() : $"{units}{"KMGTPE"[power - 1]}i";
    }

    private string PrintDecimal()
    {
        var number = nanos;
        var exponent = -9;
        while (exponent < 18 && number % 1000 == 0)
        {
            number /= 1000;
            exponent += 3;
        }

        if (exponent == 0)
            return number.ToString();
        return format == QuantityFormat.DecimalExponent
            ? $"{number}e{exponent}"
            : $"{number}{DecimalSuffixes[exponent / 3 + 3]}";
    }

    private Int128 RoundUp(long unit)
    {
        var (quotient, rest) = Int128.DivRem(nanos, unit);
        return rest > 0 ? quotient + 1 : rest < 0 ? quotient - 1 : quotient;
    }
}
