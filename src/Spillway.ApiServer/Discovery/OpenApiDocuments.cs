using System.Text.Json.Nodes;
using Spillway.ApiServer.Registry;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Discovery;

/// <summary>OpenAPI documents from the type table: version 3 a group-version, version 2 as a whole.</summary>
internal sealed class OpenApiDocuments(DiscoveryDocuments discovery)
{
    private const string V3Prefix = "#/components/schemas/", V2Prefix = "#/definitions/";

    private static readonly string[] s_metaTypes =
    [
        "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions", "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
        "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent",
    ];

    /// <summary>One group-version; null when it is not served.</summary>
    public JsonObject? V3(string group, string version)
    {
        var types = discovery.Resources(group, version);
        if (types.Count == 0) return null;
        var schemas = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
        var paths = new JsonObject();
        var writer = new SchemaWriter(schemas, V3Prefix);
        foreach (var type in types) AddResource(paths, writer, type, isV3: true);
        foreach (var name in s_metaTypes) writer.Reference(name);
        return new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = Title(),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["schemas"] = new JsonObject(schemas.Select(s => KeyValuePair.Create(s.Key, (JsonNode?)s.Value))),
            },
        };
    }

    /// <summary>Everything in one document.</summary>
    public JsonObject V2()
    {
        var schemas = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
        var paths = new JsonObject();
        var writer = new SchemaWriter(schemas, V2Prefix);
        foreach (var group in (string[])["", .. discovery.Groups()])
        {
            foreach (var version in discovery.Versions(group))
                foreach (var type in discovery.Resources(group, version)) AddResource(paths, writer, type, isV3: false);
        }
        foreach (var name in s_metaTypes) writer.Reference(name);
        return new JsonObject
        {
            ["swagger"] = "2.0",
            ["info"] = Title(),
            ["paths"] = paths,
            ["definitions"] = new JsonObject(schemas.Select(s => KeyValuePair.Create(s.Key, (JsonNode?)s.Value))),
        };
    }

    private static JsonObject Title() => new() { ["title"] = "Kubernetes", ["version"] = "1.36" };

    private static void AddResource(JsonObject paths, SchemaWriter writer, ResourceType type, bool isV3)
    {
        var root = type.Group.Length == 0 ? "/api/" + type.Version : $"/apis/{type.Group}/{type.Version}";
        var collection = type.Namespaced
            ? $"{root}/namespaces/{{namespace}}/{type.Resource}" : $"{root}/{type.Resource}";
        var reference = writer.Root(type);
        if (type.Namespaced && type.Verbs.Contains("list"))
            paths[$"{root}/{type.Resource}"] = Operations(type, reference, isV3, "list");
        paths[collection] = Operations(type, reference, isV3, "list", "create", "deletecollection");
        paths[collection + "/{name}"] = Operations(type, reference, isV3, "get", "update", "patch", "delete");
        foreach (var part in type.Subresources.Values.OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            var shown = type with { Verbs = part.Verbs, Kind = part.Kind, Group = part.Group, Version = part.Version };
            paths[$"{collection}/{{name}}/{part.Name}"] =
                Operations(shown, reference, isV3, "get", "create", "update", "patch");
        }
    }

    private static JsonObject Operations(
        ResourceType type, string reference, bool isV3, params ReadOnlySpan<string> verbs)
    {
        var operations = new JsonObject();
        foreach (var verb in verbs)
        {
            if (!type.Verbs.Contains(verb)) continue;
            var (method, action) = verb switch
            {
                "get" => ("get", "get"), "list" => ("get", "list"), "create" => ("post", "post"),
                "update" => ("put", "put"), "patch" => ("patch", "patch"), "delete" => ("delete", "delete"),
                _ => ("delete", "deletecollection"),
            };
            operations[method] = new JsonObject
            {
                ["parameters"] = Parameters(verb, isV3),
                ["responses"] = new JsonObject { ["200"] = Response(reference, isV3) },
                ["x-kubernetes-action"] = action,
                ["x-kubernetes-group-version-kind"] = SchemaWriter.Identity(type),
            };
        }
        return operations;
    }

    private static JsonObject Response(string reference, bool isV3)
    {
        var schema = new JsonObject { ["$ref"] = reference };
        return isV3
            ? new JsonObject
            {
                ["description"] = "OK",
                ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = schema } },
            }
            : new JsonObject { ["description"] = "OK", ["schema"] = schema };
    }

    private static JsonArray Parameters(string verb, bool isV3)
    {
        string[] names = verb switch
        {
            "create" or "update" => ["dryRun", "fieldManager", "fieldValidation"],
            "patch" => ["dryRun", "fieldManager", "fieldValidation", "force"],
            "delete" => ["dryRun", "gracePeriodSeconds", "propagationPolicy"],
            "list" or "deletecollection" => ["continue", "fieldSelector", "labelSelector", "limit", "resourceVersion"],
            _ => ["pretty"],
        };
        var parameters = new JsonArray();
        foreach (var name in names)
        {
            var type =
                name switch { "force" => "boolean", "limit" or "gracePeriodSeconds" => "integer", _ => "string" };
            var parameter = new JsonObject { ["name"] = name, ["in"] = "query" };
            if (isV3) parameter["schema"] = new JsonObject { ["type"] = type, ["uniqueItems"] = true };
            else
            {
                parameter["type"] = type;
                parameter["uniqueItems"] = true;
            }
            parameters.Add(parameter);
        }
        return parameters;
    }
}
