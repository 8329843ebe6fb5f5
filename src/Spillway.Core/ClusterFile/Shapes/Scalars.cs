using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Spillway.Core.ClusterFile.Yaml;
using Spillway.Core.Costs;
using Spillway.Core.Quantities;

namespace Spillway.Core.ClusterFile.Shapes;

/// <summary>The single values that cluster files are made of.</summary>
internal static class Scalars
{
    public static readonly ScalarShape<string> Text = new("text", "a word",
        (string text, [MaybeNullWhen(false)] out string value) => (value = text).Length > 0);

    public static readonly ScalarShape<string> Name = new("a name", "gpu-box-1", NameOf(
        text => KubernetesNames.IsDnsSubdomain(text)), NameHint)
    {
        Pattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
    };

    /// <summary>A name that also becomes the value of a label.</summary>
    public static readonly ScalarShape<string> LabelName = new("a name", "us-office", NameOf(
        text => text.Length > 0 && KubernetesNames.IsDnsLabel(text)), NameHint)
    {
        Pattern = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
    };

    public static readonly ScalarShape<string> LabelValue = new("a label's value", "enabled", NameOf(
        text => KubernetesNames.IsLabelValue(text)),
        _ => "at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends",
        "string", "boolean", "number");

    public static readonly ScalarShape<string> ResourceName = new("a resource name", "xilinx/u250", NameOf(
        text => text.Contains('/') && KubernetesNames.IsQualifiedName(text)),
        _ => "extended resources are named vendor/name, as in xilinx/u250");

    public static readonly ScalarShape<string> Version = new("a Kubernetes version", "\"1.36\" or \"1.36.2\"",
        NameOf(IsVersion), VersionHint, "string", "number");

    public static readonly ScalarShape<Quantity> Quantity = new("a quantity", "500m, 4, 1.5Gi",
        (string text, out Quantity value) => Quantities.Quantity.TryParse(text, out value) && !value.IsNegative,
        QuantityHint, "string", "number");

    public static readonly ScalarShape<TimeSpan> Duration = new("a duration", "90s, 5m, 1h30m",
        Durations.TryParse, DurationHint)
    {
        Pattern = "^([0-9.]+(ms|y|w|d|h|m|s))+$|^0$",
    };

    public static readonly Shape<TimeSpan> PositiveDuration =
        new CheckedShape<TimeSpan>(Duration, value => value > TimeSpan.Zero ? null : "it must be more than zero",
            DiagnosticCodes.OutOfRange);

    public static readonly ScalarShape<Money> Money = new("an amount of money", "50 USD",
        (string text, out Money value) => Costs.Money.TryParse(text, out value) && value.Amount >= 0, MoneyHint(""))
    {
        Pattern = "^[0-9.]+ [A-Z]{3}$",
    };

    public static readonly Shape<Money> PositiveMoney = Priced(new ScalarShape<Money>(
        "an amount of money", "14000 USD", Costs.Money.TryParse, MoneyHint(""))
    {
        Pattern = "^[0-9.]+ [A-Z]{3}$",
    }, value => value.Amount);

    public static readonly Shape<HourlyPrice> HourlyPrice = Priced(new ScalarShape<HourlyPrice>(
        "a price per hour", "1.65 USD/h", Costs.HourlyPrice.TryParse, MoneyHint("/h"))
    {
        Pattern = "^[0-9.]+ [A-Z]{3}/h(our)?$",
    }, value => value.Amount);

    public static readonly Shape<MonthlyPrice> MonthlyPrice = Priced(new ScalarShape<MonthlyPrice>(
        "a price per month", "150 USD/month", Costs.MonthlyPrice.TryParse, MoneyHint("/month"))
    {
        Pattern = "^[0-9.]+ [A-Z]{3}/mo(nth)?$",
    }, value => value.Amount);

    public static readonly Shape<ElectricityPrice> ElectricityPrice = Priced(new ScalarShape<ElectricityPrice>(
        "a price of electricity", "0.25 USD/kWh", Quantities.ElectricityPrice.TryParse, MoneyHint("/kWh"))
    {
        Pattern = "^[0-9.]+ [A-Z]{3}/kWh$",
    }, value => value.PerKilowattHour);

    public static readonly ScalarShape<Power> Power = new("a power", "600W, 1.2kW", Quantities.Power.TryParse,
        text => decimal.TryParse(text, CultureInfo.InvariantCulture, out _) ? $"add the unit: {text}W" : null)
    {
        Pattern = "^[0-9.]+ ?k?W$",
    };

    public static readonly ScalarShape<Cidr> Cidr = new("a network", "10.77.0.0/24",
        Quantities.Cidr.TryParse, CidrHint);

    public static readonly ScalarShape<IPAddress> Address = new("an IP address", "10.77.0.2",
        Quantities.Cidr.TryParseAddress);

    public static readonly ScalarShape<Endpoint> Endpoint = new("an address or host name", "203.0.113.10",
        Quantities.Endpoint.TryParse);

    public static readonly ScalarShape<Overlay.WireGuard.WireGuardKey> WireGuardKey = new("a WireGuard key",
        "44 characters that end in '='", Overlay.WireGuard.WireGuardKey.TryParse,
        _ => "copy the output of wg pubkey: 44 characters that end in '='");

    public static readonly ScalarShape<string> InterfaceName = new("a network interface", "eth0, ens5, tun0", NameOf(
        text => text.Length is > 0 and <= 15 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-')
            && char.IsAsciiLetterOrDigit(text[0])),
        _ => "interface names are at most 15 letters, digits, '_', '.' and '-'");

    public static readonly ScalarShape<string> CpuList = new("a list of CPUs", "0-1, 0,16", NameOf(IsCpuList),
        _ => "write it as the kernel does: 0-1 or 0,16", "string", "number");

    public static readonly ScalarShape<string> NameTarget = new("a machine or an address", "gpu-box, 10.77.0.2",
        NameOf(text => Quantities.Cidr.TryParseAddress(text, out _) || KubernetesNames.IsDnsSubdomain(text)));

    public static readonly ScalarShape<string> MirrorUrl = new("a mirror's address", "https://mirror.lab:5000", NameOf(
        text => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            && text.AsSpan().IndexOfAny(" \t\"'`$\\\r\n") < 0),
        _ => "begin it with https:// or http://");

    public static readonly ScalarShape<SshTarget> Ssh = new("an ssh target", "ubuntu@192.168.1.20, root@box:2222",
        SshTarget.TryParse);

    public static readonly ScalarShape<Taint> Taint = new("a taint", "dedicated=gpu:NoSchedule",
        Quantities.Taint.TryParse, _ => "write it as key=value:NoSchedule, key:PreferNoSchedule or key:NoExecute");

    /// <summary>A counted capacity key: cpu, memory, or vendor/name.</summary>
    public static string? CheckResourceKey(string key) =>
        KubernetesNames.IsQualifiedName(key) && (key.Contains('/') || IsNativeResource(key))
            ? null
            : Spelling.Closest(key, ["cpu", "memory", "ephemeral-storage", "pods"]) is { } close
                ? $"'{key}' is no resource: did you mean '{close}'?"
                : $"'{key}' is no resource: cpu, memory, ephemeral-storage, pods, hugepages-… or vendor/name";

    public static string? CheckLabelKey(string key) =>
        KubernetesNames.IsQualifiedName(key) ? null : $"'{key}' is no label key: write [prefix/]name, such as lab/gpu";

    public static string? CheckRegistry(string key) =>
        Quantities.Endpoint.TryParse(key, out _) ? null : $"'{key}' is no registry: write its host, such as docker.io";

    public static string? CheckDnsName(string key) =>
        KubernetesNames.IsDnsSubdomain(key.StartsWith("*.", StringComparison.Ordinal) ? key[2..] : key)
            ? null
            : $"'{key}' is no DNS name: write it in lower case, such as grafana.lab or *.apps.lab";

    public static Shape<T> Priced<T>(Shape<T> shape, Func<T, decimal> amount) =>
        new CheckedShape<T>(shape,
            value => amount(value) > 0 ? null : "a price must be more than zero; leave the key out where there is none",
            DiagnosticCodes.PriceNotPositive);

    private static bool IsCpuList(string text) => text.Split(',').All(part =>
    {
        var ends = part.Split('-');
        return ends.Length <= 2
            && ends.All(end => int.TryParse(end, NumberStyles.None, CultureInfo.InvariantCulture, out var cpu)
                && cpu < 65536)
            && (ends.Length == 1 || int.Parse(ends[0], CultureInfo.InvariantCulture)
                <= int.Parse(ends[1], CultureInfo.InvariantCulture));
    });

    private static bool IsNativeResource(string key) =>
        key is "cpu" or "memory" or "ephemeral-storage" or "pods"
        || key.StartsWith("hugepages-", StringComparison.Ordinal);

    private static TryParse<string> NameOf(Func<string, bool> isName) =>
        (string text, [MaybeNullWhen(false)] out string value) => isName(value = text);

    private static string NameHint(string text)
    {
        var letters = text.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-');
        var repaired = string.Concat(letters).Trim('-');
        return KubernetesNames.IsDnsLabel(repaired)
            ? $"names are lower-case letters, digits and '-': '{repaired}' would do"
            : "names are at most 63 lower-case letters, digits and '-'";
    }

    private static bool IsVersion(string text)
    {
        var parts = text.TrimStart('v').Split('.');
        return parts.Length is 2 or 3 && parts.All(part => int.TryParse(part, NumberStyles.None, null, out _));
    }

    private static string? VersionHint(string text) =>
        text.Length <= 3 ? $"quote it: YAML reads 1.30 as the number 1.3; write \"1.36\" rather than {text}" : null;

    private static string? QuantityHint(string text)
    {
        var unit = text.TrimStart('-', '+').TrimStart("0123456789.".ToCharArray()).Trim();
        var number = text[..(text.Length - unit.Length)].Trim();
        var meant = unit.ToLowerInvariant() switch
        {
            "b" or "byte" or "bytes" => "",
            "kb" or "kib" => "Ki",
            "mb" or "mib" => "Mi",
            "gb" or "gib" or "g" or "gi" => "Gi",
            "tb" or "tib" or "ti" => "Ti",
            "cpu" or "cpus" or "core" or "cores" or "vcpu" => "",
            _ => null,
        };
        return meant is not null && Quantities.Quantity.TryParse(number + meant, out _)
            ? $"did you mean '{number}{meant}'?"
            : null;
    }

    private static string? DurationHint(string text)
    {
        if (decimal.TryParse(text, CultureInfo.InvariantCulture, out _))
            return $"add a unit: {text}s, {text}m or {text}h";
        var words = text.Replace(" ", "").ToLowerInvariant();
        foreach (var (word, unit) in new[]
        {
            ("minutes", "m"), ("minute", "m"), ("mins", "m"), ("min", "m"), ("seconds", "s"), ("second", "s"),
            ("secs", "s"), ("sec", "s"), ("hours", "h"), ("hour", "h"), ("hrs", "h"), ("hr", "h"), ("days", "d"),
            ("day", "d"), ("weeks", "w"), ("week", "w"), ("years", "y"), ("year", "y"),
        })
            words = words.Replace(word, unit);
        return Durations.TryParse(words, out _) ? $"did you mean '{words}'?" : null;
    }

    private static Func<string, string?> MoneyHint(string unit) => text =>
    {
        var end = text.IndexOfAny([' ', '/']);
        var number = (end < 0 ? text : text[..end]).Trim('$', '€', 'U', 'S', 'D');
        return decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _)
            ? $"did you mean '{number} USD{unit}'?"
            : null;
    };

    private static string? CidrHint(string text)
    {
        if (Quantities.Cidr.TryParseLoosely(text, out var cidr, out _))
            return $"the address has bits beyond its prefix: did you mean '{cidr}'?";
        return Quantities.Cidr.TryParseAddress(text, out _) ? $"add a prefix length: {text}/24" : null;
    }
}

/// <summary>A shape with one more condition on its value.</summary>
internal sealed class CheckedShape<T>(Shape<T> inner, Func<T, string?> complaint, string code) : Shape<T>
{
    public override string Words => inner.Words;

    public override bool TryRead(YamlNode node, Problems problems, [MaybeNullWhen(false)] out T value)
    {
        if (!inner.TryRead(node, problems, out value))
            return false;
        if (complaint(value) is not { } text)
            return true;
        problems.Error(code, node.Place, $"{(node as YamlScalar)?.Value ?? Words}: {text}");
        return false;
    }

    public override System.Text.Json.Nodes.JsonObject Schema() => inner.Schema();

    public override IEnumerable<ObjectOutline> Objects() => inner.Objects();
}
