using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay.WireGuard;
using Spillway.Core.Tests.Rules;

namespace Spillway.Core.Tests.Overlay;

public sealed class WgQuickParserTests
{
    private const string Key = "vBN7qyUTb5lJtWYJ8LhbPio1Z4RcyBPGnqFBGn6O6Qg=";

    [Fact]
    public void Keys_are_taken_in_any_case_and_spacing_and_values_may_repeat()
    {
        var file = Parse($"""
            [ interface ]
            address=10.0.0.1/24 ,10.0.1.1/24
              ADDRESS   = 10.0.2.1/24
            listenport= 51820 # the usual
            postup = echo a; echo %i
            PostUp = echo b
            [PEER]
            # Name = laptop
            Publickey = {Key}
            allowedips = 10.0.0.2/32
            AllowedIPs=10.0.0.3/32, 10.0.0.4/32
            Endpoint = [2607:5300:60:6b0::c05f:543]:2468
            PersistentKeepalive = OFF
            """.Replace("[ interface ]", "[interface]"));

        file.Diagnostics.ShouldBeEmpty();
        file.Interface.Addresses.Select(address => address.Text)
            .ShouldBe(["10.0.0.1/24", "10.0.1.1/24", "10.0.2.1/24"]);
        file.Interface.ListenPort.ShouldBe(51820);
        file.Interface.Hooks.Select(hook => hook.Command).ShouldBe(["echo a; echo %i", "echo b"]);
        var peer = file.Peers.Single();
        peer.Label.ShouldBe("laptop");
        peer.PublicKey!.ToString().ShouldBe(Key);
        peer.AllowedIps.Count.ShouldBe(3);
        peer.Endpoint.ShouldBe(("2607:5300:60:6b0::c05f:543", 2468));
    }

    [Theory]
    [InlineData("[Interface]\nPrivateKey = short=\n", 2, 14, "private key")]
    [InlineData("[Interface]\nListenPort =\n", 2, 13, "no value")]
    [InlineData("[Interface]\nListenPrt = 1\n", 2, 1, "unknown key")]
    [InlineData("ListenPort = 51820\n", 1, 1, "before any section")]
    [InlineData("[Interface]\n[Peer]\nAllowedIPs = 10.0.0.0/8\n", 2, 1, "no PublicKey")]
    [InlineData("[Interface]\n[Peer]\nAllowedIPs = 10.0.0.0/33\n", 3, 14, "prefix length")]
    [InlineData("[Interface]\n[Peer]\nPersistentKeepalive = 0L\n", 3, 23, "keepalive")]
    [InlineData("[Interface]\n[Peer]\n  Endpoint = 1.2.3.4\n", 3, 14, "port is missing")]
    [InlineData("[Interface]\n[Peer]\nAddress = 10.0.0.1/24\n", 3, 1, "belongs into [Interface]")]
    [InlineData("[Interface]\nSaveConfig = maybe\n", 2, 14, "neither true nor false")]
    [InlineData("[Interfaces]\n", 1, 1, "no section")]
    public void What_wg_refuses_is_told_with_its_place(string text, int line, int column, string words)
    {
        var file = Parse(text);

        file.IsRefused.ShouldBeTrue();
        var found = file.Diagnostics.First(diagnostic => diagnostic.Code == DiagnosticCodes.TunnelFileRefused);
        (found.Place.Line, found.Place.Column).ShouldBe((line, column), found.ToString());
        found.Message.ShouldContain(words);
    }

    [Fact]
    public void What_wg_takes_otherwise_than_it_looks_is_told()
    {
        var file = Parse($"""
            [Interface]
            Address = 300.1.1.1/24
            SaveConfig = True
            ListenPort = 70000
            [Peer]
            PublicKey = {Key}
            AllowedIPs = 10.0.0.1/24
            [Peer]
            PublicKey = {Key.Replace('v', 'w')}
            AllowedIPs = 10.0.0.0/24
            """);

        file.IsRefused.ShouldBeFalse();
        file.Diagnostics.Select(found => (found.Code, found.Place.Line)).ShouldBe(
        [
            (DiagnosticCodes.TunnelFileFails, 2), (DiagnosticCodes.SavesConfig, 3),
            (DiagnosticCodes.TunnelFileSurprise, 4), (DiagnosticCodes.TunnelFileSurprise, 7),
            (DiagnosticCodes.AllowedIpsOverlap, 10),
        ]);
    }

    [Fact]
    public void A_private_key_is_never_shown()
    {
        const string secret = "TFlmmEUC7V7VtiDYLKsbP5rySTKLIZq1yn8lMqK83wo=";
        var text = $"[Interface]\nprivatekey={secret}\nAddress = 10.0.0.1/24\n[Peer]\nPublicKey = {Key}\n"
            + $"PresharedKey = {secret}\n[Peer]\nPresharedKey = {secret}x\n";

        var file = Parse(text);

        file.Text.ShouldBe(text);
        file.Redacted.ShouldNotContain(secret[..20]);
        file.Redacted.ShouldContain(Key);
        file.ToString().ShouldNotContain(secret[..20]);
        string.Join('\n', file.Diagnostics).ShouldNotContain(secret[..20]);
    }

    [Theory]
    [InlineData("dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=", "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=")]
    [InlineData("XasIfmJKikt54X+Lg4AO5m87sSkmGLb9HC+LJ/+I4Os=", "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=")]
    public void Public_keys_come_out_as_in_RFC_7748(string secret, string expected)
    {
        WireGuardKey.TryParse(secret, out var key).ShouldBeTrue();

        Curve25519.PublicKeyOf(key).ToString().ShouldBe(expected);
    }

    [Fact]
    public void Normal_form_says_the_same()
    {
        var file = Parse($"[INTERFACE]\naddress=10.0.0.1/24#home\n\n\n[peer]\npublickey={Key}\nallowedips=10.0.0.2/32");

        var normal = Parse(file.Normalised());

        file.Normalised().ShouldBe(
            $"[Interface]\nAddress = 10.0.0.1/24 #home\n\n[Peer]\nPublicKey = {Key}\nAllowedIPs = 10.0.0.2/32\n");
        normal.Normalised().ShouldBe(file.Normalised());
        normal.Peers.Single().AllowedIps.Single().Text.ShouldBe("10.0.0.2/32");
    }

    [Fact]
    public void Files_in_the_wild_come_back_byte_for_byte()
    {
        Assert.SkipWhen(Repository.Shared is null, "the shared data is not here");
        var folder = Path.Combine(Repository.Shared!, "data/configs/wireguard");
        foreach (var path in Directory.GetFiles(folder, "*.conf"))
        {
            var text = WgQuickFile.Decode(File.ReadAllBytes(path));

            var file = Parse(text);

            file.Text.ShouldBe(text, path);
            Parse(file.Normalised()).Normalised().ShouldBe(file.Normalised(), path);
            file.Redacted.ShouldNotMatch("(?i)privatekey *= *[A-Za-z0-9+/]{43}");
        }
    }

    private static WgQuickFile Parse(string text) => WgQuickParser.Parse("wg0.conf", text);
}
