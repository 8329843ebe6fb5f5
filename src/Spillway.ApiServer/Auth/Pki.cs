using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Spillway.ApiServer.Auth;

/// <summary>
/// The cluster's certificate authority and keys: made at the first start, kept in the state folder, and readable by its
/// owner only. Elliptic curves, because making an RSA key can take a second.
/// </summary>
public sealed class Pki
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string? _folder;
    private readonly TimeProvider _time;
    private readonly X509Certificate2 _authority;

    private Pki(string? folder, TimeProvider time)
    {
        _folder = folder is null ? null : Path.Combine(folder, "pki");
        _time = time;
        if (_folder is not null) Directory.CreateDirectory(_folder);
        _authority = Load("ca", MakeAuthority);
        using var authority = _authority.GetECDsaPrivateKey()!;
        TokenKey = LoadKey("sa");
    }

    /// <summary>Signs service-account tokens.</summary>
    public ECDsa TokenKey { get; }

    /// <summary>The authority's certificate, for kubeconfigs and the kube-root-ca.crt maps.</summary>
    public string AuthorityPem => _authority.ExportCertificatePem() + "\n";

    /// <summary>Opens the keys below a folder, or makes passing ones when there is none.</summary>
    public static Pki Open(string? folder, TimeProvider time) => new(folder, time);

    /// <summary>The server's certificate for an address; made anew when the kept one does not name it.</summary>
    public X509Certificate2 Serving(IPAddress address)
    {
        if (_folder is not null && TryLoad("apiserver") is { } kept && kept.MatchesHostname(address.ToString()))
            return kept;
        var made = Issue("kube-apiserver", [], request =>
        {
            var names = new SubjectAlternativeNameBuilder();
            foreach (var name in (ReadOnlySpan<string>)["localhost", "kubernetes", "kubernetes.default",
                "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", Dns.GetHostName()]) names.AddDnsName(
                    name);
            foreach (var ip in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback, IPAddress.Parse("10.96.0.1"),
                address }.Distinct())
                names.AddIpAddress(ip);
            request.CertificateExtensions.Add(names.Build());
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        });
        Save("apiserver", made);
        return made;
    }

    /// <summary>A client certificate: the user is its common name, the groups its organizations.</summary>
    public X509Certificate2 Client(string user, params string[] groups) => Issue(user, groups, request =>
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false)));

    /// <summary>Signs what a request may have: its subject, key and names, never the powers that it asks for itself.</summary>
    /// <param name="request">The request, its signature checked.</param>
    /// <param name="usages">The usages of the CertificateSigningRequest, in Kubernetes' words.</param>
    /// <param name="length">How long the certificate is valid; never longer than the authority's own.</param>
    public string Sign(CertificateRequest request, IReadOnlyCollection<string> usages, TimeSpan length)
    {
        var signed = new CertificateRequest(request.SubjectName, request.PublicKey, HashAlgorithmName.SHA256);
        signed.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        var allowed = X509KeyUsageFlags.None;
        if (usages.Contains("digital signature")) allowed |= X509KeyUsageFlags.DigitalSignature;
        if (usages.Contains("key encipherment")) allowed |= X509KeyUsageFlags.KeyEncipherment;
        if (allowed != X509KeyUsageFlags.None)
            signed.CertificateExtensions.Add(new X509KeyUsageExtension(allowed, critical: true));
        var purposes = new OidCollection();
        if (usages.Contains("server auth")) purposes.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        if (usages.Contains("client auth")) purposes.Add(new Oid("1.3.6.1.5.5.7.3.2"));
        if (purposes.Count > 0)
            signed.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(purposes, critical: false));
        foreach (var names in request.CertificateExtensions.OfType<X509SubjectAlternativeNameExtension>())
            signed.CertificateExtensions.Add(names);
        var now = _time.GetUtcNow();
        var last = new DateTimeOffset(_authority.NotAfter);
        var end = now + length < last ? now + length : last;
        using var key = _authority.GetECDsaPrivateKey()!;
        // The requester's key may be of another kind than the authority's, so the signer is given by itself.
        using var certificate = signed.Create(_authority.SubjectName, X509SignatureGenerator.CreateForECDsa(key),
            now - TimeSpan.FromMinutes(5), end, SerialNumber());
        return certificate.ExportCertificatePem() + "\n";
    }

    /// <summary>True when the authority signed the certificate and it is valid now.</summary>
    public bool Trusts(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = _time.GetUtcNow().UtcDateTime;
        return chain.Build(certificate);
    }

    private X509Certificate2 Issue(string name, string[] groups, Action<CertificateRequest> extend)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        foreach (var group in groups) subject.AddOrganizationName(group);
        subject.AddCommonName(name);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        extend(request);
        var now = _time.GetUtcNow();
        var end = now + TimeSpan.FromDays(365);
        var last = new DateTimeOffset(_authority.NotAfter);
        if (end > last) end = last;
        // From the authority's first moment on: clients check by the wall's clock, which this server's may run ahead of.
        using var signed = request.Create(_authority, new DateTimeOffset(_authority.NotBefore), end, SerialNumber());
        return signed.CopyWithPrivateKey(key);
    }

    private X509Certificate2 MakeAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kubernetes", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = _time.GetUtcNow();
        return request.CreateSelfSigned(now - TimeSpan.FromHours(1), now + TimeSpan.FromDays(3650));
    }

    private X509Certificate2 Load(string name, Func<X509Certificate2> make)
    {
        if (TryLoad(name) is { } kept) return kept;
        var made = make();
        Save(name, made);
        return made;
    }

    private X509Certificate2? TryLoad(string name)
    {
        if (_folder is null || !File.Exists(PathOf(name, "key"))) return null;
        return X509Certificate2.CreateFromPemFile(PathOf(name, "crt"), PathOf(name, "key"));
    }

    private void Save(string name, X509Certificate2 certificate)
    {
        if (_folder is null) return;
        File.WriteAllText(PathOf(name, "crt"), certificate.ExportCertificatePem() + "\n");
        using var key = certificate.GetECDsaPrivateKey()!;
        WriteKey(name, key);
    }

    private ECDsa LoadKey(string name)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (_folder is null) return key;
        if (File.Exists(PathOf(name, "key"))) key.ImportFromPem(File.ReadAllText(PathOf(name, "key")));
        else WriteKey(name, key);
        return key;
    }

    private void WriteKey(string name, ECDsa key)
    {
        // The key's file comes last and whole: its presence says that the pair is complete.
        var path = PathOf(name, "key");
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        using (var file = new FileStream(path + ".new", options))
        using (var writer = new StreamWriter(file)) writer.Write(key.ExportPkcs8PrivateKeyPem() + "\n");
        File.Move(path + ".new", path, overwrite: true);
    }

    private string PathOf(string name, string extension) => Path.Combine(_folder!, name + "." + extension);

    private static byte[] SerialNumber()
    {
        var number = RandomNumberGenerator.GetBytes(16);
        number[0] &= 0x7f;
        return number;
    }
}
