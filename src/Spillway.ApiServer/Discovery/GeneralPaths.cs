using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Auth;
using Spillway.ApiServer.Http;
using Spillway.ApiServer.Registry;

namespace Spillway.ApiServer.Discovery;

/// <summary>Every path that is not about objects: discovery, OpenAPI, version, health, keys. Documents are cached.</summary>
internal sealed class GeneralPaths(
    TypeCatalog types, ServiceAccountTokens tokens, Func<string> address, DateTimeOffset started, Func<bool> measures)
{
    private readonly DiscoveryDocuments _discovery = new(types, measures);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Document> _cache = new(StringComparer.Ordinal);
    private long _generation = -1;

    public ApiResponse Answer(ApiRequest request, RequestTarget target)
    {
        var path = target.Path.Length > 1 ? target.Path.TrimEnd('/') : target.Path;
        if (HealthChecks.Answer(path, request.Query) is { } health) return health;
        if (request.Method is not ("GET" or "HEAD"))
        {
            return IsDocument(path)
                ? ApiResponse.Of(ResourceVerbs.NotAllowed())
                : ApiResponse.Text(404, "404 page not found\n");
        }
        return path switch
        {
            "" or "/" => Json(
                request, () => new JsonObject { ["paths"] = new JsonArray([.. Paths().Select(p => (JsonNode)p)]) }),
            "/version" => Json(request, Versions),
            "/api" or "/apis" => Discovery(request, isCore: path == "/api"),
            "/.well-known/openid-configuration" => ApiResponse.Of(200, OpenIdConfiguration()),
            "/openid/v1/jwks" => ApiResponse.Of(200, Spillway.ApiServer.Json.Bytes(tokens.Keys()), "application/jwk-set+json"),
            "/openapi/v3" => OpenApiIndex(),
            "/openapi/v2" => OpenApiV2(request),
            _ => Deeper(request, path),
        };
    }

    private ApiResponse Deeper(ApiRequest request, string path)
    {
        var parts = path.TrimStart('/').Split('/');
        switch (parts)
        {
            case ["api", var version] when types.HasVersion("", version):
                return Json(request, () => _discovery.ResourceList("", version)!);
            case ["apis", var group] when _discovery.HasGroup(group):
                return Json(request, () => _discovery.Group(group)!);
            case ["apis", var group, var version] when _discovery.HasVersion(group, version):
                return Json(request, () => _discovery.ResourceList(group, version)!);
            case ["openapi", "v3", "api", var version] when types.HasVersion("", version):
                return OpenApiV3(request, "", version);
            case ["openapi", "v3", "apis", var group, var version] when types.HasVersion(group, version):
                return OpenApiV3(request, group, version);
            default:
                return ApiResponse.Text(404, "404 page not found\n");
        }
    }

    private static bool IsDocument(string path) => path is "/api" or "/apis" or "/version"
        || path.StartsWith("/apis/", StringComparison.Ordinal) || path.StartsWith("/api/", StringComparison.Ordinal);

    private ApiResponse Discovery(ApiRequest request, bool isCore)
    {
        foreach (var part in (request.Header("Accept") ?? "").Split(','))
        {
            var wanted = part.Split(';', StringSplitOptions.TrimEntries);
            var asks = wanted.Contains("as=APIGroupDiscoveryList") && wanted.Contains("g=apidiscovery.k8s.io");
            if (asks && !wanted.Contains("v=v2")) continue;
            if (asks) return Aggregated(request, isCore);
            if (wanted[0] is "application/json" or "*/*" or "application/*" or "" or "application/yaml")
                return Json(request, () => isCore
                    ? DiscoveryDocuments.CoreVersions(address()) : _discovery.GroupList());
        }
        return ApiResponse.Of(new ApiFailure(406, "NotAcceptable",
            "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf"));
    }

    private ApiResponse Aggregated(ApiRequest request, bool isCore)
    {
        var document = Cached(isCore ? "aggregated core" : "aggregated", () => _discovery.Aggregated(isCore));
        return Tagged(request, document, new ApiResponse
        {
            Status = 200,
            Body = [document.Bytes],
            ContentType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            CacheControl = "public",
        });
    }

    private ApiResponse OpenApiIndex()
    {
        var paths = new JsonObject();
        foreach (var group in (string[])["", .. _discovery.Groups()])
        {
            foreach (var version in _discovery.Versions(group))
            {
                var path = group.Length == 0 ? "api/" + version : $"apis/{group}/{version}";
                // The hash only has to change when the document may have.
                var hash =
                    Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{path} {Stamp(group, version)}")));
                paths[path] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{path}?hash={hash}" };
            }
        }
        var body =
            Encoding.UTF8.GetBytes(new JsonObject { ["paths"] = paths }.ToJsonString(Spillway.ApiServer.Json.Relaxed));
        return new ApiResponse
        {
            Status = 200, Body = [body], ContentType = "text/plain; charset=utf-8",
            Headers = [("Accept-Ranges", "bytes"), ("Last-Modified", started.ToString("R"))],
        };
    }

    private string Stamp(string group, string version) =>
        _discovery.Resources(group, version).Any(t => t.IsCustom) ? types.Generation.ToString() : "built-in";

    private ApiResponse OpenApiV3(ApiRequest request, string group, string version)
    {
        var document = Cached($"v3 {group}/{version}", () => new OpenApiDocuments(_discovery).V3(group, version)!);
        return OpenApi(request, document);
    }

    private ApiResponse OpenApiV2(ApiRequest request)
    {
        foreach (var part in (request.Header("Accept") ?? "*/*").Split(','))
        {
            var wanted = part.Split(';')[0].Trim();
            if (OpenApiProtobuf.IsAsked(wanted))
            {
                return OpenApi(request, Cached(
                    "v2 protobuf", () => OpenApiProtobuf.Write(new OpenApiDocuments(_discovery).V2())),
                    OpenApiProtobuf.ContentType);
            }
            if (wanted is "application/json" or "application/*" or "*/*" or "")
                return OpenApi(request, Cached("v2", () => new OpenApiDocuments(_discovery).V2()));
        }
        return new ApiResponse { Status = 406, ContentType = "" };
    }

    private ApiResponse OpenApi(ApiRequest request, Document document, string contentType = "application/json") =>
        Tagged(request, document, new ApiResponse
    {
        Status = 200,
        Body = [document.Bytes],
        ContentType = contentType,
        Headers = [("Accept-Ranges", "bytes"), ("Last-Modified", started.ToString("R"))],
    });

    private static ApiResponse Tagged(ApiRequest request, Document document, ApiResponse whole)
    {
        whole.Headers.Add(("ETag", document.Tag));
        whole.Headers.Add(("Vary", "Accept"));
        if (request.Header("If-None-Match") != document.Tag) return whole;
        return new ApiResponse
        {
            Status = 304, Headers = [("ETag", document.Tag), ("Vary", "Accept")], CacheControl = whole.CacheControl,
        };
    }

    private Document Cached(string name, Func<JsonObject> make) =>
        Cached(name, () => Spillway.ApiServer.Json.Bytes(make()));

    private Document Cached(string name, Func<byte[]> make)
    {
        lock (_lock)
        {
            if (_generation != types.Generation)
            {
                _cache.Clear();
                _generation = types.Generation;
            }
            if (_cache.TryGetValue(name, out var document)) return document;
            var bytes = make();
            document = new Document(bytes, $"\"{Convert.ToHexString(SHA512.HashData(bytes))}\"");
            _cache.Add(name, document);
            return document;
        }
    }

    private static ApiResponse Json(ApiRequest request, Func<JsonObject> make)
    {
        var accept = Representation.Choose(request.Header("Accept"), request.Query, hasProtobuf: false);
        if (accept is null or { Shape: not Shape.Whole })
        {
            return ApiResponse.Of(new ApiFailure(406, "NotAcceptable",
                "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf"));
        }
        var body = make();
        return accept.IsYaml
            ? ApiResponse.Of(200, Encoding.UTF8.GetBytes(Yaml.Write(body)), "application/yaml")
            : ApiResponse.Of(200, body);
    }

    private static JsonObject Versions() => new()
    {
        ["major"] = "1",
        ["minor"] = "36",
        ["emulationMajor"] = "1",
        ["emulationMinor"] = "36",
        ["minCompatibilityMajor"] = "1",
        ["minCompatibilityMinor"] = "35",
        ["gitVersion"] = "v1.36.2",
        ["gitCommit"] = "98b35193b2ac7a23a673325f5e9b830ecd5ba406",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "2026-08-21T00:00:00Z",
        ["goVersion"] = "go1.26.10",
        ["compiler"] = "gc",
        ["platform"] = "linux/amd64",
    };

    private static JsonObject OpenIdConfiguration() => new()
    {
        ["issuer"] = ServiceAccountTokens.Issuer,
        ["jwks_uri"] = ServiceAccountTokens.Issuer + "/openid/v1/jwks",
        ["response_types_supported"] = new JsonArray("id_token"),
        ["subject_types_supported"] = new JsonArray("public"),
        ["id_token_signing_alg_values_supported"] = new JsonArray("ES256"),
    };

    private List<string> Paths()
    {
        var paths = new SortedSet<string>(StringComparer.Ordinal)
        {
            "/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/apis/", "/metrics", "/metrics/slis",
            "/openapi/v2", "/openapi/v3", "/openapi/v3/", "/openid/v1/jwks", "/version", "/flagz", "/statusz",
        };
        foreach (var group in _discovery.Groups())
        {
            paths.Add("/apis/" + group);
            foreach (var version in _discovery.Versions(group)) paths.Add($"/apis/{group}/{version}");
        }
        foreach (var endpoint in (string[])["healthz", "livez", "readyz"])
        {
            paths.Add("/" + endpoint);
            foreach (var name in HealthChecks.Names(endpoint)) paths.Add($"/{endpoint}/{name}");
        }
        return [.. paths];
    }

    private sealed record Document(byte[] Bytes, string Tag);
}
