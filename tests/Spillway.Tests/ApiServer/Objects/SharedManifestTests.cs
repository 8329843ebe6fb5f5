using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Spillway.ApiServer;

namespace Spillway.Tests.ApiServer.Objects;

/// <summary>Manifests as people publish them: every object of a built-in kind is one that a cluster takes.</summary>
public sealed partial class SharedManifestTests
{
    [Fact]
    public async Task Every_object_of_a_built_in_kind_is_accepted()
    {
        if (SharedFiles.Find("data/manifests") is not { } folder)
        {
            Assert.Skip("the shared manifests are not beside this repository (set SPILLWAY_SHARED)");
            return;
        }
        await using var server = await ApiHarness.OpenAsync();
        var refused = new List<string>();
        var sent = 0;
        foreach (var file in Directory.GetFiles(folder, "*.y*ml", SearchOption.AllDirectories).Order())
        {
            foreach (var document in Separator().Split(await File.ReadAllTextAsync(file)))
            {
                if (await PathOfAsync(server, document) is not { } path) continue;
                var (status, body) = await server.SendAsync("POST", path, document, "application/yaml");
                sent++;
                if (status is not (201 or 409)) refused.Add($"{Path.GetFileName(file)}: {body["message"]}");
            }
        }

        refused.ShouldBeEmpty();
        sent.ShouldBeGreaterThan(60);
    }

    /// <summary>Where to create the document; null for kinds of others and for what is no object.</summary>
    private static async Task<string?> PathOfAsync(KubeApiServer server, string document)
    {
        var version = Version().Match(document).Groups[1].Value;
        var kind = Kind().Match(document).Groups[1].Value;
        if (version.Length == 0 || kind.Length == 0) return null;
        var slash = version.IndexOf('/');
        var (group, served) = slash < 0 ? ("", version) : (version[..slash], version[(slash + 1)..]);
        if (server.Types.OfKind(group, kind)?.Version(served) is not { } type) return null;
        var root = version.Contains('/') ? "/apis/" + version : "/api/" + version;
        if (!type.Namespaced) return $"{root}/{type.Resource}";
        var ns = Namespace().Match(document) is { Success: true } named ? named.Groups[1].Value : "default";
        foreach (var (path, name, of) in new[] { ("namespaces", ns, "Namespace"),
            ($"namespaces/{ns}/serviceaccounts", "default", "ServiceAccount") })
        {
            await server.SendAsync("POST", "/api/v1/" + path, new JsonObject
            {
                ["apiVersion"] = "v1", ["kind"] = of, ["metadata"] = new JsonObject { ["name"] = name },
            }.ToJsonString());
        }
        return $"{root}/namespaces/{ns}/{type.Resource}";
    }

    [GeneratedRegex(@"^---.*$", RegexOptions.Multiline)]
    private static partial Regex Separator();

    [GeneratedRegex(@"^apiVersion: *""?([^\s""#]+)", RegexOptions.Multiline)]
    private static partial Regex Version();

    [GeneratedRegex(@"^kind: *""?([^\s""#]+)", RegexOptions.Multiline)]
    private static partial Regex Kind();

    [GeneratedRegex(@"^  namespace: *""?([^\s""#]+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
