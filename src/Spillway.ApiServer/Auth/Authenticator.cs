using System.Security.Cryptography.X509Certificates;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Http;

namespace Spillway.ApiServer.Auth;

/// <summary>Finds out who asks: by token, by client certificate, or nobody in particular.</summary>
internal sealed class Authenticator(
    IReadOnlyDictionary<string, Requester> tokens, ServiceAccountTokens serviceAccounts, Pki pki)
{
    private static readonly Requester s_anonymous = new("system:anonymous", "system:unauthenticated");

    /// <summary>The last certificate that was checked: a connection sends the same one again and again.</summary>
    private volatile CheckedCertificate? _last;

    public Requester Authenticate(ApiRequest request)
    {
        if (request.User is { } known) return known;
        if (request.ClientCertificate is { } certificate && OfCertificate(certificate) is { } user) return user;
        var header = request.Header("Authorization");
        if (header is null || !header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return request.ClientCertificate is null ? s_anonymous : throw Unauthorized();
        return OfToken(header["Bearer ".Length..].Trim(), []) ?? throw Unauthorized();
    }

    /// <summary>The user of a bearer token; null when it is none of ours or not for one of the audiences.</summary>
    public Requester? OfToken(string token, IReadOnlyList<string> audiences)
    {
        if (tokens.TryGetValue(token, out var user)) return WithAuthenticated(user);
        return serviceAccounts.Verify(token, audiences) is { } account ? WithAuthenticated(account) : null;
    }

    public static ApiFailure Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    private Requester? OfCertificate(X509Certificate2 certificate)
    {
        if (_last is { } last && last.Certificate.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span))
            return last.User;
        var user = pki.Trusts(certificate) ? Read(certificate) : null;
        _last = new CheckedCertificate(certificate, user);
        return user;
    }

    private static Requester Read(X509Certificate2 certificate)
    {
        var name = "";
        var groups = new List<string>();
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (part.HasMultipleElements) continue;
            var value = part.GetSingleElementValue() ?? "";
            switch (part.GetSingleElementType().Value)
            {
                case "2.5.4.3": name = value; break;
                case "2.5.4.10": groups.Add(value); break;
            }
        }
        return WithAuthenticated(new Requester(name, [.. groups]));
    }

    private static Requester WithAuthenticated(Requester user) => user.Groups.Contains("system:authenticated")
        ? user
        : user with { Groups = [.. user.Groups, "system:authenticated"] };

    private sealed record CheckedCertificate(X509Certificate2 Certificate, Requester? User);
}
