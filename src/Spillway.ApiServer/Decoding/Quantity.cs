using System.Globalization;
using System.Numerics;

namespace Spillway.ApiServer;

/// <summary>
/// A resource quantity such as <c>100m</c>, <c>1.5Gi</c> or <c>2e3</c>, held exactly in billionths (finer digits round
/// up, as in the real server).
/// </summary>
public readonly struct Quantity : IComparable<Quantity>, IEquatable<Quantity>
{
    private enum Form { Decimal, Binary, Exponent }

    private static readonly BigInteger s_one = new(1_000_000_000);
    private static readonly string[] s_decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    private static readonly string[] s_binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

    private readonly BigInteger _nano;
    private readonly Form _form;

    private Quantity(BigInteger nano, Form form)
    {
        _nano = nano;
        _form = form;
    }

    public bool IsZero => _nano.IsZero;

    public int Sign => _nano.Sign;

    /// <summary>True when nothing is left behind the point.</summary>
    public bool IsInteger => (_nano % s_one).IsZero;

    /// <summary>Whole units, rounded up.</summary>
    public BigInteger Value => Divide(_nano, s_one);

    /// <summary>Thousandths, rounded up.</summary>
    public BigInteger MilliValue => Divide(_nano, 1_000_000);

    public static Quantity operator +(Quantity a, Quantity b) => new(a._nano + b._nano, a.IsZero ? b._form : a._form);

    public static Quantity operator -(Quantity a, Quantity b) => new(a._nano - b._nano, a.IsZero ? b._form : a._form);

    public static bool operator <(Quantity a, Quantity b) => a._nano < b._nano;

    public static bool operator >(Quantity a, Quantity b) => a._nano > b._nano;

    public static bool operator <=(Quantity a, Quantity b) => a._nano <= b._nano;

    public static bool operator >=(Quantity a, Quantity b) => a._nano >= b._nano;

    public static bool operator ==(Quantity a, Quantity b) => a._nano == b._nano;

    public static bool operator !=(Quantity a, Quantity b) => a._nano != b._nano;

    public static Quantity Of(long value) => new(value * s_one, Form.Decimal);

    public int CompareTo(Quantity other) => _nano.CompareTo(other._nano);

    public bool Equals(Quantity other) => _nano == other._nano;

    public override bool Equals(object? obj) => obj is Quantity other && Equals(other);

    public override int GetHashCode() => _nano.GetHashCode();

    public static bool TryParse(ReadOnlySpan<char> text, out Quantity quantity)
    {
        quantity = default;
        var at = text.Length > 0 && text[0] is '+' or '-' ? 1 : 0;
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        var whole = text[start..at];
        var fraction = ReadOnlySpan<char>.Empty;
        if (at < text.Length && text[at] == '.')
        {
            start = ++at;
            while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
            fraction = text[start..at];
        }
        if (whole.Length + fraction.Length == 0 || whole.Length + fraction.Length > 500) return false;
        if (!TryScale(text[at..], out var exponent, out var shift, out var form)) return false;
        var digits = BigInteger.Parse(string.Concat(whole, fraction), NumberStyles.None) << shift;
        var scale = exponent - fraction.Length + 9;
        var nano = scale >= 0 ? digits * BigInteger.Pow(10, scale) : Divide(digits, BigInteger.Pow(10, -scale));
        quantity = new Quantity(text[0] == '-' ? -nano : nano, form);
        return true;
    }

    /// <summary>The canonical text: the largest suffix that needs no fraction.</summary>
    public override string ToString()
    {
        if (_nano.IsZero) return "0";
        if (_form == Form.Binary && BigInteger.Abs(_nano) >= 1024 * s_one)
        {
            var whole = Divide(_nano, s_one);
            var power = 0;
            for (; power < 6 && (whole & 1023).IsZero; power++) whole >>= 10;
            return whole + s_binary[power];
        }
        var amount = _nano;
        var step = 0;
        for (; step < 9 && (amount % 1000).IsZero; step++) amount /= 1000;
        if (_form != Form.Exponent || step == 3) return amount + s_decimal[step];
        return amount + "e" + ((step - 3) * 3).ToString(CultureInfo.InvariantCulture);
    }

    private static bool TryScale(ReadOnlySpan<char> suffix, out int exponent, out int shift, out Form form)
    {
        exponent = 0;
        shift = 0;
        form = Form.Decimal;
        if (suffix.Length == 0) return true;
        if (suffix.Length == 2 && suffix[1] == 'i')
        {
            form = Form.Binary;
            shift = "KMGTPE".IndexOf(suffix[0]) * 10 + 10;
            return shift > 0;
        }
        if (suffix.Length > 1)
        {
            form = Form.Exponent;
            return suffix[0] is 'e' or 'E' && int.TryParse(suffix[1..], NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture, out exponent) && exponent is > -100 and < 100;
        }
        var step = "num kMGTPE".IndexOf(suffix[0]);
        exponent = (step - 3) * 3;
        return step >= 0 && step != 3;
    }

    // Away from zero: a limit rounds towards more.
    private static BigInteger Divide(BigInteger value, BigInteger by)
    {
        var quotient = BigInteger.DivRem(value, by, out var rest);
        return rest.IsZero ? quotient : quotient + rest.Sign;
    }
}
