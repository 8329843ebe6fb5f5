using System.Security.Cryptography.X509Certificates;

namespace Spillway.Kubernetes;

/// <summary>A cluster and how to be let in: one context of a kubeconfig, or the service account of a pod.</summary>
public sealed record Kubeconfig(KubeCluster Cluster, KubeUser User)
{
    private const string ServiceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>The context's namespace; <c>default</c> when it names none.</summary>
    public string Namespace { get; init; } = "default";

    /// <summary>Name of the context; empty in a cluster.</summary>
    public string Context { get; init; } = "";

    /// <summary>
    /// Reads what kubectl would: the file that was named, else the files of KUBECONFIG merged, else
    /// <c>~/.kube/config</c>, else the service account of the pod this runs in.
    /// </summary>
    /// <exception cref="KubeconfigException">Nothing was found, or what was found is wrong; the message names the file.</exception>
    public static Kubeconfig Load(string? path = null, string? context = null) =>
        Load(KubeconfigPlaces.OfProcess(path), context);

    public static Kubeconfig Load(KubeconfigPlaces places, string? context)
    {
        if (places.Explicit is { } named)
            return KubeconfigFile.Read([named], mustExist: true).Resolve(context);
        if (!string.IsNullOrEmpty(places.Variable))
        {
            var files = places.Variable.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
            return KubeconfigFile.Read(files, mustExist: false).Resolve(context);
        }

        var home = Path.Combine(places.Home, ".kube", "config");
        if (File.Exists(home)) return KubeconfigFile.Read([home], mustExist: true).Resolve(context);
        return InCluster(places) ?? throw new KubeconfigException(
            $"No kubeconfig: {home} does not exist and KUBECONFIG is not set. Name a file with --kubeconfig.");
    }

    private static Kubeconfig? InCluster(KubeconfigPlaces places)
    {
        var token = Path.Combine(ServiceAccountFolder, "token");
        if (string.IsNullOrEmpty(places.ServiceHost) || !File.Exists(token)) return null;
        var host = places.ServiceHost.Contains(':') ? $"[{places.ServiceHost}]" : places.ServiceHost;
        var cluster = new KubeCluster(new Uri($"https://{host}:{places.ServicePort ?? "443"}"))
        {
            Authorities = Pem.Authorities(File.ReadAllText(Path.Combine(ServiceAccountFolder, "ca.crt"))),
        };
        var ns = Path.Combine(ServiceAccountFolder, "namespace");
        return new Kubeconfig(cluster, new KubeUser { TokenFile = token })
        {
            Namespace = File.Exists(ns) ? File.ReadAllText(ns).Trim() : "default",
        };
    }
}

/// <summary>Where to look for a kubeconfig: the process's environment, handed in so that it can be another's.</summary>
public sealed record KubeconfigPlaces(string Home)
{
    /// <summary>A file that the user named; nothing else is looked at then.</summary>
    public string? Explicit { get; init; }

    /// <summary>The value of KUBECONFIG: files joined by the path separator.</summary>
    public string? Variable { get; init; }

    public string? ServiceHost { get; init; }

    public string? ServicePort { get; init; }

    public static KubeconfigPlaces OfProcess(string? explicitPath) =>
        new(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile))
        {
            Explicit = explicitPath,
            Variable = Environment.GetEnvironmentVariable("KUBECONFIG"),
            ServiceHost = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST"),
            ServicePort = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_PORT"),
        };
}

/// <summary>Where the API server is and whom it must prove to be.</summary>
public sealed record KubeCluster(Uri Server)
{
    /// <summary>The roots the server's certificate must come from; null for the system's.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Name to expect in the certificate instead of the host's.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>Accept any certificate. Only ever by the user's own setting.</summary>
    public bool SkipTlsVerification { get; init; }

    public Uri? Proxy { get; init; }
}

/// <summary>How to prove who we are. Several may be set: a certificate and a token do not exclude each other.</summary>
public sealed record KubeUser
{
    public X509Certificate2? Certificate { get; init; }

    public string? Token { get; init; }

    /// <summary>A file with a token, which is read again every minute: service-account tokens rotate.</summary>
    public string? TokenFile { get; init; }

    public string? UserName { get; init; }

    public string? Password { get; init; }

    public ExecPlugin? Exec { get; init; }
}

/// <summary>A kubeconfig that cannot be used; the message says which file and why.</summary>
public sealed class KubeconfigException(string message, Exception? inner = null) : Exception(message, inner);
