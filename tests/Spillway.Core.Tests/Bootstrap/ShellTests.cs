using Spillway.Core.Bootstrap;

namespace Spillway.Core.Tests.Bootstrap;

public sealed class ShellTests
{
    [Theory]
    [InlineData("gpu-box", "gpu-box")]
    [InlineData("", "''")]
    [InlineData("$(reboot)", "'$(reboot)'")]
    [InlineData("it's", "'it'\\''s'")]
    [InlineData("a;b", "'a;b'")]
    [InlineData("a\nb", "'a\nb'")]
    public void A_word_stays_one_word(string text, string quoted) => Shell.Quote(text).ShouldBe(quoted);

    [Fact]
    public void A_here_document_ends_at_a_line_that_it_does_not_hold()
    {
        Shell.HereDocument("a\nEND_OF_FILE\nb\n").ShouldBe("<<'END_OF_FILE_'\na\nEND_OF_FILE\nb\nEND_OF_FILE_");
    }

    [Theory]
    [InlineData("machines: [{name: \"a;reboot\"}]")]
    [InlineData("machines: [{name: a, labels: {\"x$(reboot)\": y}}]")]
    [InlineData("machines: [{name: a, labels: {x: \"$(reboot)\"}}]")]
    [InlineData("machines: [{name: a, site: \"`reboot`\"}]")]
    [InlineData("machines: [{name: a, interface: \"eth0;reboot\"}]")]
    [InlineData("machines: [{name: a, address: \"a$(reboot)\"}]")]
    [InlineData("machines: [{name: a, ssh: \"-oProxyCommand=reboot@host\"}]")]
    [InlineData("machines: [{name: a, reservedCpus: \"0;reboot\"}]")]
    [InlineData("kubernetes: {registries: {\"docker.io\": [\"https://x/$(reboot)\"]}}")]
    [InlineData("kubernetes: {registries: {\"x;reboot\": [\"https://x\"]}}")]
    [InlineData("kubernetes: {version: \"1.36;reboot\"}")]
    [InlineData("names: {\"x;reboot\": 10.0.0.1}")]
    public void What_a_shell_would_take_for_more_than_a_word_is_no_value_of_the_file(string spec) =>
        Overlay.Networks.Read(spec).HasErrors.ShouldBeTrue();
}
