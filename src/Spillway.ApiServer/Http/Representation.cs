using Spillway.ApiServer.Http.Protobuf;

namespace Spillway.ApiServer.Http;

/// <summary>The forms an object can be shown in.</summary>
public enum Shape { Whole, Table, Metadata }

/// <summary>What the Accept header settled on.</summary>
public sealed record Representation(Shape Shape, bool IsYaml, bool IsPretty)
{
    /// <summary>Version of the meta.k8s.io group for tables and partial metadata.</summary>
    public string MetaVersion { get; init; } = "v1";

    /// <summary>True for the list form of partial metadata, false for the single one.</summary>
    public bool IsList { get; init; }

    public static Representation Json { get; } = new(Shape.Whole, false, false);

    /// <summary>True for protobuf, which is made from the JSON that these settings give.</summary>
    public bool IsProtobuf { get; init; }

    public string ContentType => IsYaml ? "application/yaml" : "application/json";

    /// <summary>Chooses the first acceptable form; null when none is (406).</summary>
    public static Representation? Choose(string? accept, Query query, bool hasProtobuf)
    {
        if (string.IsNullOrEmpty(accept) || accept == "application/json" || accept == "*/*")
            return query.Pairs.Count > 0 && query.Flag("pretty") ? Json with { IsPretty = true } : Json;
        foreach (var part in accept.Split(','))
        {
            if (Read(part, hasProtobuf) is { } form)
                return form with { IsPretty = !form.IsProtobuf && query.Flag("pretty") };
        }
        return null;
    }

    private static Representation? Read(string part, bool hasProtobuf)
    {
        var parameters = part.Split(';', StringSplitOptions.TrimEntries);
        var isYaml = parameters[0] is "application/yaml";
        var isProtobuf = parameters[0] is ProtobufAnswer.MediaType;
        if (!isYaml && !isProtobuf && parameters[0] is not ("application/json" or "*/*" or "application/*"))
            return null;
        string kind = "", group = "", version = "";
        foreach (var parameter in parameters.AsSpan(1))
        {
            var equals = parameter.IndexOf('=');
            if (equals < 0) continue;
            var value = parameter[(equals + 1)..];
            switch (parameter[..equals])
            {
                case "as": kind = value; break;
                case "g": group = value; break;
                case "v": version = value; break;
            }
        }
        if (kind.Length == 0)
            return isProtobuf && !hasProtobuf
                ? null : new Representation(Shape.Whole, isYaml, false) { IsProtobuf = isProtobuf };
        if (group != "meta.k8s.io" || version is not ("v1" or "v1beta1")) return null;
        // Tables have no protobuf form; partial metadata has one, whatever the kind.
        if (isProtobuf && (kind == "Table" || version != "v1")) return null;
        return kind switch
        {
            "Table" => new Representation(Shape.Table, isYaml, false) { MetaVersion = version },
            "PartialObjectMetadata" or "PartialObjectMetadataList" =>
                new Representation(Shape.Metadata, isYaml, false)
                {
                    MetaVersion = version, IsProtobuf = isProtobuf, IsList =
                        kind.EndsWith("List", StringComparison.Ordinal),
                },
            _ => null,
        };
    }
}
