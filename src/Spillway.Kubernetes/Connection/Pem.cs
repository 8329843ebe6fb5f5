using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Spillway.Kubernetes;

/// <summary>Certificates from PEM text, with failures as <see cref="KubeconfigException"/>.</summary>
internal static class Pem
{
    public static X509Certificate2Collection Authorities(string text)
    {
        try
        {
            var all = new X509Certificate2Collection();
            all.ImportFromPem(text);
            return all.Count > 0 ? all : throw new KubeconfigException("The cluster's CA holds no certificate.");
        }
        catch (CryptographicException broken)
        {
            throw new KubeconfigException("The cluster's CA is not a PEM certificate.", broken);
        }
    }

    public static X509Certificate2 Pair(string certificate, string key)
    {
        try
        {
            return X509Certificate2.CreateFromPem(certificate, key);
        }
        catch (Exception broken) when (broken is CryptographicException or ArgumentException)
        {
            throw new KubeconfigException("The client certificate and its key are not a PEM pair.", broken);
        }
    }
}
