using System.Text;
using System.Text.Json.Nodes;
using Spillway.ApiServer;
using Spillway.ApiServer.Http;
using Spillway.ApiServer.Http.Protobuf;

namespace Spillway.Tests.ApiServer.Protobuf;

/// <summary>The document that kubectl before 1.27 validates with, read field by field as its classes would.</summary>
public sealed class OpenApiProtobufTests
{
    [Theory]
    [InlineData("application/com.github.proto-openapi.spec.v2@v1.0+protobuf")]
    [InlineData("application/com.github.proto-openapi.spec.v2.v1.0+protobuf, application/json")]
    public async Task Every_definition_of_the_json_document_comes_in_protobuf_with_its_properties(string accept)
    {
        await using var server = await ApiHarness.OpenAsync();

        var json = JsonNode.Parse((await AskAsync(server, "application/json")).JoinBody().Span)!;
        var answer = await AskAsync(server, accept);

        answer.ContentType.ShouldBe("application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
        var read = Definitions(answer.JoinBody().Span);
        var expected = json["definitions"]!.AsObject().ToDictionary(
            definition => definition.Key,
            definition => definition.Value!["properties"]?.AsObject().Select(property => property.Key).ToList() ?? []);
        read.Keys.ShouldBe(expected.Keys);
        foreach (var (name, definition) in read) definition.Properties.ShouldBe(expected[name]);
        JsonNode.Parse(read["io.k8s.api.apps.v1.Deployment"].Identity)![0]!["kind"]!
            .GetValue<string>().ShouldBe("Deployment");
    }

    [Fact]
    public async Task Who_takes_neither_form_is_refused()
    {
        await using var server = await ApiHarness.OpenAsync();

        (await AskAsync(server, "application/yaml")).Status.ShouldBe(406);
    }

    private static Dictionary<string, Definition> Definitions(ReadOnlySpan<byte> document)
    {
        var found = new Dictionary<string, Definition>(StringComparer.Ordinal);
        foreach (var definitions in Blocks(document, 9))
        {
            foreach (var named in Blocks(definitions, 1))
            {
                var schema = Blocks(named, 2).Single();
                var identity = Blocks(schema, 31).Where(e => Text(e, 1) == "x-kubernetes-group-version-kind").ToList();
                found.Add(Text(named, 1), new Definition(
                    [.. Blocks(schema, 25).SelectMany(properties => Blocks(properties, 1)).Select(p => Text(p, 1))],
                    identity is [var one] ? Text(Blocks(one, 2).Single(), 2) : ""));
            }
        }
        return found;
    }

    private static string Text(ReadOnlySpan<byte> message, int number) =>
        Encoding.UTF8.GetString(Blocks(message, number).Single());

    private static List<byte[]> Blocks(ReadOnlySpan<byte> message, int number)
    {
        var found = new List<byte[]>();
        var reader = new WireReader(message);
        while (!reader.IsAtEnd)
        {
            var (field, wire) = reader.Tag();
            if (field == number) found.Add(reader.Block().ToArray());
            else reader.Skip(wire);
        }
        return found;
    }

    private static async Task<ApiResponse> AskAsync(KubeApiServer server, string accept) => await server.HandleAsync(
        new ApiRequest
        {
            Method = "GET", Path = "/openapi/v2", Query = Query.Parse(""), User = KubeApiServer.Administrator,
            Header = name => name == "Accept" ? accept : null,
        },
        CancellationToken.None);

    private sealed record Definition(List<string> Properties, string Identity);
}
