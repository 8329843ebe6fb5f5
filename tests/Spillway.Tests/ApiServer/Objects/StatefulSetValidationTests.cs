namespace Spillway.Tests.ApiServer.Objects;

public sealed class StatefulSetValidationTests
{
    private const string Path = "/apis/apps/v1/namespaces/default/statefulsets";

    [Fact]
    public async Task A_claim_template_is_mounted_under_its_name_like_a_volume()
    {
        await using var server = await ApiHarness.OpenAsync();

        (await server.SendAsync("POST", Path, StatefulSet("store", "store"))).Status.ShouldBe(201);
    }

    [Fact]
    public async Task A_mount_that_neither_volumes_nor_claims_have_is_refused()
    {
        await using var server = await ApiHarness.OpenAsync();

        var (status, body) = await server.SendAsync("POST", Path, StatefulSet("store", "other"));

        status.ShouldBe(422);
        body["message"]!.GetValue<string>().ShouldContain("volumeMounts[0].name: Not found: \"other\"");
    }

    private static string StatefulSet(string claim, string mounted) => $$"""
        {"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"db"},"spec":{"serviceName":"db",
         "selector":{"matchLabels":{"app":"db"} },
         "template":{"metadata":{"labels":{"app":"db"} },"spec":{"containers":[{"name":"c","image":"i",
           "volumeMounts":[{"name":"{{mounted}}","mountPath":"/data"}]}]} },
         "volumeClaimTemplates":[{"metadata":{"name":"{{claim}}"},"spec":{"accessModes":["ReadWriteOnce"],
           "resources":{"requests":{"storage":"1Gi"} } } }]} }
        """;
}
