using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Spillway.Machines.OpenVpn;
using Spillway.Tests.Cli;

namespace Spillway.Tests.Machines;

public sealed class VpnAuthorityTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string Home => Path.Combine(folder.Path, "vpn");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_certificate_is_for_the_machine_that_is_named_and_not_for_whom_the_request_names()
    {
        var authority = Open();

        using var client = X509Certificate2.CreateFromPem(
            authority.Issue("gpu-box", VpnRole.Client, Request("control")));
        using var server = X509Certificate2.CreateFromPem(authority.Issue("control", VpnRole.Server, Request("x")));

        client.Subject.ShouldBe("CN=gpu-box");
        Usage(client).ShouldBe("1.3.6.1.5.5.7.3.2");
        Usage(server).ShouldBe("1.3.6.1.5.5.7.3.1");
        foreach (var issued in new[] { client, server })
        {
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            chain.ChainPolicy.CustomTrustStore.ImportFromPem(authority.CertificatePem);
            chain.Build(issued).ShouldBeTrue();
        }
    }

    [Fact]
    public void The_authority_is_the_same_after_it_was_opened_again_and_its_secrets_are_its_own()
    {
        var before = Open();
        var after = Open();

        after.CertificatePem.ShouldBe(before.CertificatePem);
        after.TlsCryptKey.ShouldBe(before.TlsCryptKey);
        after.TlsCryptKey.Split('\n').Count(line => line.Length == 32).ShouldBe(16);
        foreach (var secret in new[] { "ca.key", "tls-crypt.key" })
            File.GetUnixFileMode(Path.Combine(Home, secret)).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        ((int)File.GetUnixFileMode(Home) & 0b000_111_111).ShouldBe(0);
    }

    [Fact]
    public void Making_it_may_be_cut_off_anywhere()
    {
        Open();
        File.Delete(Path.Combine(Home, "ca.crt"));

        var again = Open();

        using var issued = X509Certificate2.CreateFromPem(again.Issue("a", VpnRole.Client, Request("a")));
        issued.Issuer.ShouldBe("CN=test overlay");
    }

    [Fact]
    public void All_certificates_of_a_revoked_machine_are_on_the_list_and_no_others()
    {
        var authority = Open();
        var serials = new[] { "a", "a", "b" }.Select(name =>
        {
            using var issued = X509Certificate2.CreateFromPem(authority.Issue(name, VpnRole.Client, Request(name)));
            return issued.SerialNumber;
        }).ToList();

        authority.Revoke("a");
        authority.Revoke("a");

        var list = Convert.ToHexString(PemEncoding.Find(authority.RevocationList) is var pem
            ? Convert.FromBase64String(authority.RevocationList[pem.Base64Data]) : []);
        list.ShouldContain(serials[0]);
        list.ShouldContain(serials[1]);
        list.ShouldNotContain(serials[2]);
        Should.Throw<VpnRefusal>(() => authority.Revoke("nobody"));
    }

    [Fact]
    public void What_is_no_request_or_not_signed_by_its_own_key_is_refused()
    {
        var authority = Open();
        var text = Request("a").Split('\n').Where(line => !line.StartsWith('-'));
        var bytes = Convert.FromBase64String(string.Concat(text));
        bytes[^5] ^= 1;
        using var weak = RSA.Create(1024);
        var weakRequest = new CertificateRequest("CN=a", weak, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

        foreach (var request in new[]
        {
            "", "hello", authority.CertificatePem, PemEncoding.WriteString("CERTIFICATE REQUEST", bytes),
            weakRequest.CreateSigningRequestPem(),
        })
            Should.Throw<VpnRefusal>(() => authority.Issue("a", VpnRole.Client, request));
    }

    private VpnAuthority Open() => VpnAuthority.Open(Home, "test", TimeProvider.System);

    private static string Usage(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages[0].Value!;

    private static string Request(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
    }
}
