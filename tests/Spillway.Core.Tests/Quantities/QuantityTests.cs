using System.Globalization;
using Spillway.Core.Costs;
using Spillway.Core.Quantities;

namespace Spillway.Core.Tests;

public sealed class QuantityTests
{
    // Expected forms follow k8s.io/apimachinery's canonical printing.
    [Theory]
    [InlineData("0", "0")]
    [InlineData("0Gi", "0")]
    [InlineData("1", "1")]
    [InlineData("+5", "5")]
    [InlineData("-3m", "-3m")]
    [InlineData("0.5", "500m")]
    [InlineData(".5", "500m")]
    [InlineData("5.", "5")]
    [InlineData("1000m", "1")]
    [InlineData("1500m", "1500m")]
    [InlineData("1000", "1k")]
    [InlineData("1024", "1024")]
    [InlineData("1024Ki", "1Mi")]
    [InlineData("1.5Gi", "1536Mi")]
    [InlineData("0.1Gi", "107374182400m")]
    [InlineData("1Ki", "1Ki")]
    [InlineData("0.5Ki", "512")]
    [InlineData("1000Ki", "1000Ki")]
    [InlineData("128Gi", "128Gi")]
    [InlineData("1e3", "1e3")]
    [InlineData("12E-1", "1200e-3")]
    [InlineData("1E", "1E")]
    [InlineData("1Ei", "1Ei")]
    [InlineData("0.1n", "1n")]
    [InlineData("-0.1n", "-1n")]
    [InlineData("1u", "1u")]
    [InlineData("100n", "100n")]
    [InlineData("9223372036854775807", "9223372036854775807")]
    [InlineData("100E", "9223372036854775807")]
    [InlineData("1e400", "9223372036854775807")]
    [InlineData("1e-400", "1e-9")]
    [InlineData("0e400", "0")]
    [InlineData("123456789012345678901234567890", "9223372036854775807")]
    [InlineData("0.000000000000000000001", "1n")]
    [InlineData("7250m", "7250m")]
    [InlineData("62G", "62G")]
    public void Quantities_print_canonically(string text, string canonical)
    {
        var printed = Quantity.Parse(text).ToString();

        printed.ShouldBe(canonical);
        Quantity.Parse(printed).ShouldBe(Quantity.Parse(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1 Gi")]
    [InlineData("Gi")]
    [InlineData(".")]
    [InlineData("-")]
    [InlineData("1GB")]
    [InlineData("1gi")]
    [InlineData("1K")]
    [InlineData("1e")]
    [InlineData("1e+")]
    [InlineData("1e3.5")]
    [InlineData("1.2.3")]
    [InlineData("1_000")]
    [InlineData("１")]
    [InlineData("0x10")]
    [InlineData("1mi")]
    public void What_kubernetes_refuses_is_refused(string text) => Quantity.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Values_round_up_and_saturate()
    {
        Quantity.Parse("1.2").Value.ShouldBe(2);
        Quantity.Parse("-1.2").Value.ShouldBe(-2);
        Quantity.Parse("1u").Milli.ShouldBe(1);
        Quantity.Parse("9E").Milli.ShouldBe(long.MaxValue);
        Quantity.Parse("1Gi").Value.ShouldBe(1L << 30);
    }

    [Fact]
    public void Equal_amounts_are_equal_however_they_are_written()
    {
        Quantity.Parse("1Gi").ShouldBe(Quantity.Parse("1073741824"));
        Quantity.Parse("1").GetHashCode().ShouldBe(Quantity.Parse("1000m").GetHashCode());
        (Quantity.Parse("1Gi") + Quantity.Parse("1Mi")).ToString().ShouldBe("1025Mi");
        (Quantity.Parse("4") - Quantity.Parse("500m")).ToString().ShouldBe("3500m");
    }

    [Fact]
    public void Random_quantities_survive_printing()
    {
        var random = new Random(42);
        for (var i = 0; i < 20_000; i++)
        {
            var nanos = (Int128)random.NextInt64() * random.Next(1, 2_000_000_000);
            foreach (var format in Enum.GetValues<QuantityFormat>())
            {
                var quantity = Quantity.FromNanos(i % 2 == 0 ? nanos : -nanos, format);
                Quantity.Parse(quantity.ToString()).ShouldBe(quantity);
            }
        }
    }

    [Theory]
    [InlineData("90s", 90)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5h", 5400)]
    [InlineData("500ms", 0.5)]
    [InlineData("2d", 172_800)]
    [InlineData("4y", 4 * 365 * 86_400)]
    [InlineData("0", 0)]
    public void Durations_read(string text, double seconds)
    {
        Durations.TryParse(text, out var duration).ShouldBeTrue();
        duration.TotalSeconds.ShouldBe(seconds);
        Durations.TryParse(Durations.Print(duration), out var again).ShouldBeTrue();
        again.ShouldBe(duration);
    }

    [Theory]
    [InlineData("90")]
    [InlineData("5 m")]
    [InlineData("m")]
    [InlineData("5m1h")]
    [InlineData("5m5m")]
    [InlineData("-5m")]
    [InlineData("1.2.3s")]
    [InlineData("99999999999y")]
    public void Durations_without_sense_are_refused(string text) => Durations.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Money_has_a_currency_and_prices_a_time()
    {
        HourlyPrice.TryParse("1.65 USD/h", out var hourly).ShouldBeTrue();
        hourly.ToString().ShouldBe("1.65 USD/h");
        hourly.For(TimeSpan.FromMinutes(90)).ToString().ShouldBe("2.475 USD");
        hourly.ToJson().ToJsonString().ShouldBe("""{"amount":1.65,"currency":"USD"}""");
        HourlyPrice.Usd(3.3000m).ToJson().ToJsonString().ShouldBe("""{"amount":3.3,"currency":"USD"}""");
        hourly.PerMonth().ToString().ShouldBe("1204.50 USD/month");
        MonthlyPrice.TryParse("730 USD/month", out var monthly).ShouldBeTrue();
        monthly.PerHour().ToString().ShouldBe("1.00 USD/h");
        Should.Throw<InvalidOperationException>(() => Money.Usd(1) + new Money(1, "EUR"));
        (default(Money) + new Money(1, "EUR")).ToString().ShouldBe("1.00 EUR");
    }

    [Theory]
    [InlineData("10.77.0.0/24", "10.77.0.255", true)]
    [InlineData("10.77.0.0/24", "10.77.1.0", false)]
    [InlineData("0.0.0.0/0", "8.8.8.8", true)]
    [InlineData("fd00::/8", "fd12::1", true)]
    [InlineData("10.0.0.0/8", "fd12::1", false)]
    public void Networks_know_their_addresses(string cidr, string address, bool inside) =>
        Cidr.Parse(cidr).Contains(System.Net.IPAddress.Parse(address)).ShouldBe(inside);

    [Theory]
    [InlineData("10.77.0.1/24")]
    [InlineData("10.77.0.0")]
    [InlineData("10.77/16")]
    [InlineData("10.77.0.0/33")]
    [InlineData("10.77.0.0/-1")]
    [InlineData("010.77.0.0/24")]
    public void Networks_with_mistakes_are_refused(string text) => Cidr.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("203.0.113.10", true)]
    [InlineData("box.example.org:6443", true)]
    [InlineData("[::1]:22", true)]
    [InlineData("10.1", false)]
    [InlineData("300.1.1.1", false)]
    [InlineData("box:0", false)]
    [InlineData("-oProxyCommand=x", false)]
    public void Endpoints_are_addresses_or_names(string text, bool good) =>
        Endpoint.TryParse(text, out _).ShouldBe(good);

    [Theory]
    [InlineData("ubuntu@192.168.1.20", true)]
    [InlineData("-oProxyCommand=x@host", false)]
    [InlineData("a;b@host", false)]
    public void Ssh_targets_hide_no_options(string text, bool good) => SshTarget.TryParse(text, out _).ShouldBe(good);

    [Theory]
    [InlineData("a=b:NoSchedule", "a=b:NoSchedule")]
    [InlineData("lab/gpu:NoExecute", "lab/gpu:NoExecute")]
    public void Taints_are_written_as_kubectl_writes_them(string text, string printed)
    {
        Taint.TryParse(text, out var taint).ShouldBeTrue();
        taint.ToString().ShouldBe(printed);
        Taint.TryParse("a=b", out _).ShouldBeFalse();
        Taint.TryParse("a=b:1", out _).ShouldBeFalse();
    }

    [Fact]
    public void Nothing_depends_on_the_culture() =>
        string.Create(CultureInfo.GetCultureInfo(""), $"{Quantity.Parse("1.5")}").ShouldBe("1500m");
}
