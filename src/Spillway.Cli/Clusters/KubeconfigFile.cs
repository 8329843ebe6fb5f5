using System.Security.Cryptography.X509Certificates;
using System.Text;
using Spillway.ApiServer;

namespace Spillway.Cli.Clusters;

/// <summary>Writes the file by which kubectl and every other client reach the embedded cluster.</summary>
internal static class KubeconfigFile
{
    // It holds a private key of an administrator.
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static void Write(string path, string cluster, Uri address, KubeApiServer server)
    {
        using var certificate = server.Pki.Client("spillway-admin", "system:masters");
        var key = certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();
        var text = $"""
            apiVersion: v1
            kind: Config
            current-context: {cluster}
            clusters:
              - name: {cluster}
                cluster:
                  server: {address.ToString().TrimEnd('/')}
                  certificate-authority-data: {Encode(server.Pki.AuthorityPem)}
            users:
              - name: {cluster}-admin
                user:
                  client-certificate-data: {Encode(certificate.ExportCertificatePem())}
                  client-key-data: {Encode(key)}
            contexts:
              - name: {cluster}
                context:
                  cluster: {cluster}
                  user: {cluster}-admin
                  namespace: default

            """;
        var draft = path + ".new";
        File.Delete(draft);
        using (var file = new FileStream(draft, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
        }))
        {
            file.Write(Encoding.UTF8.GetBytes(text));
        }
        File.Move(draft, path, overwrite: true);
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
