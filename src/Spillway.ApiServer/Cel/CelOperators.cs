namespace Spillway.ApiServer.Cel;

/// <summary>Operators, size and in.</summary>
internal static class CelOperators
{
    private static readonly CelError Overflow = new("integer overflow");

    public static void Register(Dictionary<string, CelFunction> all)
    {
        all["_==_"] = (a, _) => CelCompare.AreEqual(a[0], a[1]);
        all["_!=_"] = (a, _) => !CelCompare.AreEqual(a[0], a[1]);
        all["_<_"] = (a, _) => Order(a, o => o < 0);
        all["_<=_"] = (a, _) => Order(a, o => o <= 0);
        all["_>_"] = (a, _) => Order(a, o => o > 0);
        all["_>=_"] = (a, _) => Order(a, o => o >= 0);
        all["_+_"] = (a, frame) => Add(a[0], a[1], frame);
        all["_-_"] = (a, _) => Subtract(a[0], a[1]);
        all["_*_"] = (a, _) => Multiply(a[0], a[1]);
        all["_/_"] = (a, _) => Divide(a[0], a[1]);
        all["_%_"] = (a, _) => Modulo(a[0], a[1]);
        all["!_"] = (a, _) => a[0] is bool b ? !b : CelError.NoOverload;
        all["-_"] = (a, _) => a[0] switch
        {
            long.MinValue => Overflow,
            long l => -l,
            double d => -d,
            _ => CelError.NoOverload,
        };
        all["@in"] = (a, frame) => In(a[0], a[1], frame);
        all["size"] = (a, _) => a.Length != 1 ? CelError.NoOverload : a[0] switch
        {
            string s => (long)CelStrings.Length(s),
            byte[] b => (long)b.Length,
            CelList l => (long)l.Count,
            CelMap m => (long)m.Count,
            _ => CelError.NoOverload,
        };
    }

    private static object Order(object?[] args, Func<int, bool> fits)
    {
        if (args[0] is double.NaN || args[1] is double.NaN) return false;
        return CelCompare.Compare(args[0], args[1]) is { } order ? fits(order) : CelError.NoOverload;
    }

    private static object In(object? item, object? range, CelFrame frame)
    {
        if (range is CelMap map) return map.TryGet(item, out _);
        if (range is not CelList list) return CelError.NoOverload;
        foreach (var candidate in list)
        {
            frame.Spend();
            if (CelCompare.AreEqual(item, candidate)) return true;
        }

        return false;
    }

    private static object Add(object? a, object? b, CelFrame frame)
    {
        try
        {
            switch (a, b)
            {
                case (long x, long y): return checked(x + y);
                case (ulong x, ulong y): return checked(x + y);
                case (double x, double y): return x + y;
                case (string x, string y):
                    frame.Spend((x.Length + y.Length) / 10);
                    return x + y;
                case (byte[] x, byte[] y): return (byte[])[.. x, .. y];
                case (CelList x, CelList y):
                    frame.Spend(x.Count + y.Count);
                    return Join(x, y);
                case (TimeSpan x, TimeSpan y): return x + y;
                case (DateTimeOffset x, TimeSpan y): return x + y;
                case (TimeSpan x, DateTimeOffset y): return y + x;
                default: return CelError.NoOverload;
            }
        }
        catch (OverflowException)
        {
            return Overflow;
        }
        catch (ArgumentOutOfRangeException)
        {
            return new CelError("timestamp overflow");
        }
    }

    /// <summary>Sets join without repeating what both have.</summary>
    private static CelNativeList Join(CelList a, CelList b) => a.IsSet
        ? new CelNativeList([.. a, .. b.Where(y => !a.Any(x => CelCompare.AreEqual(x, y)))])
        : new CelNativeList([.. a, .. b]);

    private static object Subtract(object? a, object? b)
    {
        try
        {
            return (a, b) switch
            {
                (long x, long y) => checked(x - y),
                (ulong x, ulong y) => checked(x - y),
                (double x, double y) => x - y,
                (TimeSpan x, TimeSpan y) => x - y,
                (DateTimeOffset x, TimeSpan y) => x - y,
                (DateTimeOffset x, DateTimeOffset y) => x - y,
                _ => (object)CelError.NoOverload,
            };
        }
        catch (OverflowException)
        {
            return Overflow;
        }
    }

    private static object Multiply(object? a, object? b)
    {
        try
        {
            return (a, b) switch
            {
                (long x, long y) => checked(x * y),
                (ulong x, ulong y) => checked(x * y),
                (double x, double y) => x * y,
                _ => (object)CelError.NoOverload,
            };
        }
        catch (OverflowException)
        {
            return Overflow;
        }
    }

    private static object Divide(object? a, object? b) => (a, b) switch
    {
        (long, 0L) or (ulong, 0UL) => new CelError("division by zero"),
        (long.MinValue, -1L) => Overflow,
        (long x, long y) => x / y,
        (ulong x, ulong y) => x / y,
        (double x, double y) => x / y,
        _ => CelError.NoOverload,
    };

    private static object Modulo(object? a, object? b) => (a, b) switch
    {
        (long, 0L) or (ulong, 0UL) => new CelError("modulus by zero"),
        (long.MinValue, -1L) => Overflow,
        (long x, long y) => x % y,
        (ulong x, ulong y) => x % y,
        _ => CelError.NoOverload,
    };
}
