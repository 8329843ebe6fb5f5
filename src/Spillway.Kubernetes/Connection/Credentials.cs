using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Spillway.Kubernetes;

/// <summary>A user's credentials, kept fresh: token files are read again, plugins are asked again before expiry.</summary>
internal sealed class Credentials(KubeUser user, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan TokenFileAge = TimeSpan.FromMinutes(1);

    // One plugin at a time: a hundred requests that meet an expired token must not start a hundred programs.
    private readonly SemaphoreSlim _one = new(1, 1);
    private ExecCredential? _issued;
    private string? _fileToken;
    private DateTimeOffset _fileReadAt = DateTimeOffset.MinValue;

    /// <summary>The certificate to show when a connection is opened, or null.</summary>
    public X509Certificate2? Certificate => _issued?.Certificate ?? user.Certificate;

    /// <summary>True when asking again may give another answer.</summary>
    public bool CanRefresh => user.Exec is not null || user.TokenFile is not null;

    public async ValueTask<AuthenticationHeaderValue?> HeaderAsync(CancellationToken cancellationToken)
    {
        if (user.Exec is not null)
        {
            var issued = await IssuedAsync(user.Exec, cancellationToken);
            return issued.Token is null ? null : Bearer(issued.Token);
        }

        if (user.TokenFile is { } file) return Bearer(FileToken(file));
        if (!string.IsNullOrEmpty(user.Token)) return Bearer(user.Token);
        if (string.IsNullOrEmpty(user.UserName)) return null;
        return new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user.UserName}:{user.Password}")));
    }

    /// <summary>Forgets what was issued: the server refused it.</summary>
    public void Expire()
    {
        _issued = null;
        _fileReadAt = DateTimeOffset.MinValue;
    }

    public void Dispose() => _one.Dispose();

    private static AuthenticationHeaderValue Bearer(string token) => new("Bearer", token);

    private string FileToken(string file)
    {
        var now = time.GetUtcNow();
        if (_fileToken is not null && now - _fileReadAt < TokenFileAge) return _fileToken;
        _fileReadAt = now;
        return _fileToken = File.ReadAllText(file).Trim();
    }

    private async Task<ExecCredential> IssuedAsync(ExecPlugin plugin, CancellationToken cancellationToken)
    {
        if (Fresh() is { } held) return held;
        await _one.WaitAsync(cancellationToken);
        try
        {
            return Fresh() ?? (_issued = await plugin.RunAsync(cancellationToken));
        }
        finally
        {
            _one.Release();
        }
    }

    private ExecCredential? Fresh() => _issued is { } held && !(held.Expires <= time.GetUtcNow()) ? held : null;
}
