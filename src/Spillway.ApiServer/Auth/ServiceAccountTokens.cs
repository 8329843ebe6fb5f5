using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Storage;

namespace Spillway.ApiServer.Auth;

/// <summary>What a token is bound to: it ends with that object.</summary>
internal sealed record TokenBinding(string Kind, string Name, string Uid);

/// <summary>What a token is asked for.</summary>
internal sealed record TokenOrder(
    string Namespace, string Account, string AccountUid, IReadOnlyList<string> Audiences, TimeSpan Length,
        TokenBinding? Binding);

/// <summary>Issues and checks the JSON web tokens of service accounts.</summary>
internal sealed class ServiceAccountTokens(Pki pki, ObjectStore store, TimeProvider time, Func<string> newId)
{
    public const string Issuer = "https://kubernetes.default.svc";

    private readonly string _keyId =
        Base64Url.EncodeToString(SHA256.HashData(pki.TokenKey.ExportSubjectPublicKeyInfo()));

    public string KeyId => _keyId;

    public (string Token, DateTimeOffset Expires) Issue(TokenOrder order)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        var expires = now + order.Length;
        var kubernetes = new JsonObject
        {
            ["namespace"] = order.Namespace,
            ["serviceaccount"] = new JsonObject { ["name"] = order.Account, ["uid"] = order.AccountUid },
        };
        if (order.Binding is { } bound)
            kubernetes[bound.Kind.ToLowerInvariant()] = new JsonObject { ["name"] = bound.Name, ["uid"] = bound.Uid };
        var claims = new JsonObject
        {
            ["aud"] = new JsonArray([.. order.Audiences.Select(a => (JsonNode)a)]),
            ["exp"] = expires.ToUnixTimeSeconds(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["iss"] = Issuer,
            ["jti"] = newId(),
            ["kubernetes.io"] = kubernetes,
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["sub"] = $"system:serviceaccount:{order.Namespace}:{order.Account}",
        };
        var head = new JsonObject { ["alg"] = "ES256", ["kid"] = _keyId };
        var text = Base64Url.EncodeToString(Json.Bytes(head)) + "." + Base64Url.EncodeToString(Json.Bytes(claims));
        byte[] signature;
        lock (pki.TokenKey) signature = pki.TokenKey.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256);
        return (text + "." + Base64Url.EncodeToString(signature), expires);
    }

    /// <summary>The account of a valid token, while the account and what the token is bound to exist; otherwise null.</summary>
    public Requester? Verify(string token, IReadOnlyList<string> audiences)
    {
        if (Claims(token) is not { } claims || claims.Text("iss") != Issuer) return null;
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        if (claims.Number("exp") is not { } end || end < now || claims.Number("nbf") > now + 60) return null;
        var wanted = audiences.Count > 0 ? audiences : [Issuer];
        if (!claims.Texts("aud").Any(wanted.Contains)) return null;
        if (claims.Map("kubernetes.io") is not { } about) return null;
        var space = about.Text("namespace") ?? "";
        if (!Exists("serviceaccounts", space, about.Map("serviceaccount"))) return null;
        foreach (var (part, resource) in (ReadOnlySpan<(string, string)>)[("pod", "pods"), ("secret", "secrets")])
            if (about.Map(part) is { } bound && !Exists(resource, space, bound)) return null;
        return Account(space, about, claims.Text("jti") ?? "");
    }

    /// <summary>The JSON web key set that others verify our tokens with.</summary>
    public JsonObject Keys()
    {
        var point = pki.TokenKey.ExportParameters(false).Q;
        return new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["use"] = "sig", ["kty"] = "EC", ["kid"] = _keyId, ["crv"] = "P-256", ["alg"] = "ES256",
                ["x"] = Base64Url.EncodeToString(point.X), ["y"] = Base64Url.EncodeToString(point.Y),
            }),
        };
    }

    private static Requester Account(string space, JsonObject about, string id)
    {
        var account = about.Map("serviceaccount")!;
        var extra = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
        {
            ["authentication.kubernetes.io/credential-id"] = ["JTI=" + id],
        };
        if (about.Map("pod") is { } pod)
        {
            extra["authentication.kubernetes.io/pod-name"] = [pod.Text("name") ?? ""];
            extra["authentication.kubernetes.io/pod-uid"] = [pod.Text("uid") ?? ""];
        }
        return new Requester($"system:serviceaccount:{space}:{account.Text("name")}", account.Text("uid") ?? "",
            ["system:serviceaccounts", "system:serviceaccounts:" + space, "system:authenticated"], extra);
    }

    private bool Exists(string resource, string space, JsonObject? reference)
    {
        if (reference?.Text("name") is not { } name || store.Get(resource, space + "/" + name) is not { } item)
            return false;
        return JsonScan.Text(item.Bytes.Span, "metadata", "uid") == reference.Text("uid");
    }

    private JsonObject? Claims(string token)
    {
        var first = token.IndexOf('.');
        var last = token.LastIndexOf('.');
        if (first < 0 || last == first) return null;
        try
        {
            var signature = Base64Url.DecodeFromChars(token.AsSpan(last + 1));
            var text = Encoding.ASCII.GetBytes(token[..last]);
            lock (pki.TokenKey)
                if (!pki.TokenKey.VerifyData(text, signature, HashAlgorithmName.SHA256)) return null;
            return JsonNode.Parse(Base64Url.DecodeFromChars(token.AsSpan(first + 1, last - first - 1))) as JsonObject;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }
}
