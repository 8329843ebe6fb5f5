using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.Kubernetes;

/// <summary>A program that hands out credentials, as <c>client.authentication.k8s.io</c> describes it.</summary>
public sealed record ExecPlugin(string Command)
{
    public string ApiVersion { get; init; } = "client.authentication.k8s.io/v1";

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>What to tell the user when the program is not there.</summary>
    public string? InstallHint { get; init; }

    /// <summary>Never, IfAvailable or Always. Nobody is asked anything here: Always is refused.</summary>
    public string InteractiveMode { get; init; } = "IfAvailable";

    /// <summary>Set when the program wants to know the cluster.</summary>
    public KubeCluster? Cluster { get; init; }

    /// <summary>Runs the program and reads what it prints.</summary>
    /// <exception cref="KubeconfigException">It is missing, failed, or printed no credential; the message says which.</exception>
    internal async Task<ExecCredential> RunAsync(CancellationToken cancellationToken)
    {
        if (InteractiveMode == "Always")
            throw new KubeconfigException($"{Command} must ask the user, which is not possible here (interactiveMode: Always).");
        using var process = Start();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var complaints = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        if (process.ExitCode != 0)
            throw new KubeconfigException($"{Command} failed with exit code {process.ExitCode}: {(await complaints).Trim()}");
        return Read(await output);
    }

    private Process Start()
    {
        var start = new ProcessStartInfo
        {
            FileName = Command,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in Arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in Environment) start.Environment[name] = value;
        start.Environment["KUBERNETES_EXEC_INFO"] = Request().ToJsonString();
        try
        {
            return Process.Start(start) ?? throw new KubeconfigException($"{Command} did not start.");
        }
        catch (Win32Exception missing)
        {
            var hint = string.IsNullOrEmpty(InstallHint) ? "" : "\n" + InstallHint;
            throw new KubeconfigException($"{Command}: {missing.Message}{hint}", missing);
        }
    }

    private JsonObject Request()
    {
        var spec = new JsonObject { ["interactive"] = false };
        if (Cluster is not null)
        {
            var cluster = new JsonObject { ["server"] = Cluster.Server.ToString().TrimEnd('/') };
            if (Cluster.TlsServerName is { } name) cluster["tls-server-name"] = name;
            if (Cluster.SkipTlsVerification) cluster["insecure-skip-tls-verify"] = true;
            if (Cluster.Authorities?.ExportCertificatePems() is { } pems)
                cluster["certificate-authority-data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(pems));
            spec["cluster"] = cluster;
        }

        return new JsonObject { ["apiVersion"] = ApiVersion, ["kind"] = "ExecCredential", ["spec"] = spec };
    }

    private ExecCredential Read(string output)
    {
        JsonNode? json;
        try
        {
            json = JsonNode.Parse(output);
        }
        catch (JsonException broken)
        {
            throw new KubeconfigException($"{Command} printed no JSON: {broken.Message}", broken);
        }

        if (json.Text("kind") != "ExecCredential" || json.Text("apiVersion") != ApiVersion)
            throw new KubeconfigException($"{Command} printed {json.Text("apiVersion")} {json.Text("kind")}, "
                + $"expected {ApiVersion} ExecCredential.");
        var token = json.Text("status", "token");
        var certificate = json.Text("status", "clientCertificateData");
        var key = json.Text("status", "clientKeyData");
        if (token is null && (certificate is null || key is null))
            throw new KubeconfigException($"{Command} printed neither a token nor a client certificate with its key.");
        return new ExecCredential(token, certificate is null || key is null ? null : Pem.Pair(certificate, key))
        {
            Expires = json.Time("status", "expirationTimestamp"),
        };
    }
}

/// <summary>What a plugin handed out.</summary>
internal sealed record ExecCredential(string? Token, X509Certificate2? Certificate)
{
    public DateTimeOffset? Expires { get; init; }
}
