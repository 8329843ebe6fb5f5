using Spillway.Core.Quantities;

namespace Spillway.Core.Tests.Quantities;

public sealed class ShellWordTests
{
    [Theory]
    [InlineData("", "''")]
    [InlineData("gpu-box", "gpu-box")]
    [InlineData("/etc/wireguard/wg0.conf", "/etc/wireguard/wg0.conf")]
    [InlineData("it's", "'it'\\''s'")]
    [InlineData("$(reboot)", "'$(reboot)'")]
    [InlineData("a b", "'a b'")]
    [InlineData("~", "'~'")]
    [InlineData("a=b", "'a=b'")]
    [InlineData("x\ny", "'x\ny'")]
    public void A_word_is_plain_or_between_single_quotes(string text, string quoted) =>
        ShellWord.Quote(text).ShouldBe(quoted);

    [Fact]
    public void A_nul_is_refused() => Should.Throw<ArgumentException>(() => ShellWord.Quote("a\0b"));
}
