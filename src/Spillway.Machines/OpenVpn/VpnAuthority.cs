using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Spillway.Machines.OpenVpn;

/// <summary>What a certificate lets its machine be.</summary>
public enum VpnRole
{
    Client,
    Server,
}

/// <summary>Says no to a request, and why.</summary>
public sealed class VpnRefusal(string message) : Exception(message);

/// <summary>
/// The certificate authority of an OpenVPN overlay, kept in a folder: <c>ca.crt</c>, <c>ca.key</c>, <c>tls-crypt.key</c>,
/// <c>crl.pem</c> and every certificate it has issued. Machines make their keys themselves and send requests.
/// </summary>
/// <remarks>One process at a time: whoever calls holds the state folder's lock.</remarks>
public sealed class VpnAuthority
{
    private static readonly TimeSpan AuthorityLifetime = TimeSpan.FromDays(10 * 365);

    // Chosen: long enough that nobody is locked out over a holiday, short enough that a forgotten machine falls out.
    private static readonly TimeSpan CertificateLifetime = TimeSpan.FromDays(825);

    // A machine whose clock is a little behind would refuse a certificate of this minute.
    private static readonly TimeSpan ClockDifference = TimeSpan.FromHours(1);

    private const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    private const string ClientUsage = "1.3.6.1.5.5.7.3.2";

    private readonly string folder;
    private readonly TimeProvider clock;
    private readonly X509Certificate2 authority;

    private VpnAuthority(string folder, TimeProvider clock, X509Certificate2 authority)
    {
        this.folder = folder;
        this.clock = clock;
        this.authority = authority;
    }

    public string CertificatePem => authority.ExportCertificatePem() + "\n";

    /// <summary>The key that hides the handshake from whoever does not know it; secret, and the same on all machines.</summary>
    public string TlsCryptKey => File.ReadAllText(In("tls-crypt.key"));

    /// <summary>The list of what is revoked, for the server's <c>crl-verify</c>.</summary>
    public string RevocationList => File.ReadAllText(In("crl.pem"));

    /// <summary>Opens the folder's authority, and makes one where there is none yet.</summary>
    /// <param name="name">Of the cluster; goes into the authority's own name.</param>
    public static VpnAuthority Open(string folder, string name, TimeProvider clock)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var certificate = Path.Combine(folder, "ca.crt");
        // The certificate is written last: a folder without it is one whose making was cut off.
        if (!File.Exists(certificate))
            Make(folder, name, clock.GetUtcNow());
        return new VpnAuthority(folder, clock,
            X509Certificate2.CreateFromPemFile(certificate, Path.Combine(folder, "ca.key")));
    }

    /// <summary>Answers a machine's request (PEM) with a certificate (PEM) for its name and role.</summary>
    /// <exception cref="VpnRefusal">The request is none, is not signed by its own key, or has a weak one.</exception>
    public string Issue(string machine, VpnRole role, string requestPem)
    {
        var request = Read(requestPem);
        var key = request.PublicKey;
        if (key.GetRSAPublicKey() is { KeySize: < 2048 } or null && key.GetECDsaPublicKey() is null)
            throw new VpnRefusal("the request's key is neither RSA of 2048 bits or more nor an elliptic curve's");

        // Nothing else of the request counts: a machine cannot ask for another name or for a server's role.
        var signed = new CertificateRequest(Subject(machine), key, HashAlgorithmName.SHA256);
        signed.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        signed.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        signed.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(
            [new Oid(role == VpnRole.Server ? ServerUsage : ClientUsage)], false));
        signed.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        var now = clock.GetUtcNow();
        var serial = RandomNumberGenerator.GetBytes(16);
        // Positive and of full length, so that its text and its bytes are one to one.
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        using var issued = signed.Create(authority, now - ClockDifference, Earlier(now + CertificateLifetime), serial);
        var pem = issued.ExportCertificatePem() + "\n";
        Write(In($"issued/{machine}/{issued.SerialNumber}.crt"), pem, secret: false);
        return pem;
    }

    /// <summary>Revokes every certificate of a machine. Doing it again changes nothing.</summary>
    /// <exception cref="VpnRefusal">The machine never got one.</exception>
    public void Revoke(string machine)
    {
        var issued = In($"issued/{machine}");
        if (!Directory.Exists(issued))
            throw new VpnRefusal($"{machine} has no certificate of this authority");
        foreach (var file in Directory.GetFiles(issued, "*.crt"))
            File.Move(file, Path.ChangeExtension(file, ".revoked"), overwrite: true);
        WriteRevocations(folder, authority, clock.GetUtcNow());
    }

    private static void Make(string folder, string name, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject($"{name} overlay"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var made = request.CreateSelfSigned(now - ClockDifference, now + AuthorityLifetime);
        Write(Path.Combine(folder, "ca.key"), key.ExportPkcs8PrivateKeyPem() + "\n", secret: true);
        Write(Path.Combine(folder, "tls-crypt.key"), StaticKey(), secret: true);
        WriteRevocations(folder, made, now);
        Write(Path.Combine(folder, "ca.crt"), made.ExportCertificatePem() + "\n", secret: false);
    }

    // A list that has expired locks everybody out, so it lives as long as the authority itself.
    private static void WriteRevocations(string folder, X509Certificate2 authority, DateTimeOffset now)
    {
        var list = new CertificateRevocationListBuilder();
        var issued = Path.Combine(folder, "issued");
        if (Directory.Exists(issued))
        {
            foreach (var file in Directory.EnumerateFiles(issued, "*.revoked", SearchOption.AllDirectories).Order())
            {
                var serial = Convert.FromHexString(Path.GetFileNameWithoutExtension(file));
                list.AddEntry(serial, new DateTimeOffset(File.GetLastWriteTimeUtc(file)));
            }
        }

        var number = new BigInteger(now.ToUnixTimeMilliseconds());
        var bytes = list.Build(authority, number, new DateTimeOffset(authority.NotAfter), HashAlgorithmName.SHA256,
            thisUpdate: now - ClockDifference);
        Write(Path.Combine(folder, "crl.pem"), PemEncoding.WriteString("X509 CRL", bytes) + "\n", secret: false);
    }

    private static CertificateRequest Read(string pem)
    {
        try
        {
            return CertificateRequest.LoadSigningRequestPem(pem, HashAlgorithmName.SHA256);
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            throw new VpnRefusal($"this is no certificate request that its own key has signed: {failure.Message}");
        }
    }

    // OpenVPN's own format: 2048 bits in hexadecimal.
    private static string StaticKey()
    {
        var text = new StringBuilder("#\n# 2048 bit OpenVPN static key\n#\n-----BEGIN OpenVPN Static key V1-----\n");
        foreach (var line in RandomNumberGenerator.GetBytes(256).Chunk(16))
            text.Append(Convert.ToHexStringLower(line)).Append('\n');
        return text.Append("-----END OpenVPN Static key V1-----\n").ToString();
    }

    private static X500DistinguishedName Subject(string name)
    {
        var builder = new X500DistinguishedNameBuilder();
        builder.AddCommonName(name);
        return builder.Build();
    }

    private static void Write(string path, string content, bool secret)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var draft = string.Create(CultureInfo.InvariantCulture, $"{path}.new");
        File.Delete(draft);
        var mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        if (!secret)
            mode |= UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        using (var stream = new FileStream(draft, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode,
        }))
        {
            stream.Write(Encoding.ASCII.GetBytes(content));
            stream.Flush(flushToDisk: true);
        }

        File.Move(draft, path, overwrite: true);
    }

    private DateTimeOffset Earlier(DateTimeOffset wanted)
    {
        var end = new DateTimeOffset(authority.NotAfter);
        return wanted < end ? wanted : end;
    }

    private string In(string name) => Path.Combine(folder, name);
}
