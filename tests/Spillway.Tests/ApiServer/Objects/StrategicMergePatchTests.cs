using System.Text.Json.Nodes;
using Spillway.ApiServer;
using Spillway.ApiServer.Patching;
using Spillway.ApiServer.Schema;

namespace Spillway.Tests.ApiServer.Objects;

public sealed class StrategicMergePatchTests
{
    private const string TwoContainers = """{"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"1"}]}}""";

    [Fact]
    public void Containers_merge_by_name() =>
        Patched(TwoContainers, """{"spec":{"containers":[{"name":"b","image":"2"}]}}""")
            .ShouldBe("""{"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"}]}}""");

    [Fact]
    public void A_new_container_comes_first_as_the_real_server_orders_it() =>
        Patched(TwoContainers, """{"spec":{"containers":[{"name":"c","image":"2"}]}}""")
            .ShouldBe("""{"spec":{"containers":[{"name":"c","image":"2"},{"name":"a","image":"1"},{"name":"b","image":"1"}]}}""");

    [Fact]
    public void Delete_takes_an_item_out() =>
        Patched(TwoContainers, """{"spec":{"containers":[{"$patch":"delete","name":"a"}]}}""")
            .ShouldBe("""{"spec":{"containers":[{"name":"b","image":"1"}]}}""");

    [Fact]
    public void Replace_within_a_list_takes_all_others_out() =>
        Patched(TwoContainers, """{"spec":{"containers":[{"name":"z","image":"9"},{"$patch":"replace"}]}}""")
            .ShouldBe("""{"spec":{"containers":[{"name":"z","image":"9"}]}}""");

    [Fact]
    public void Set_element_order_arranges_the_merged_list() =>
        Patched(TwoContainers, """{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"a","image":"2"}]}}""")
            .ShouldBe("""{"spec":{"containers":[{"name":"b","image":"1"},{"name":"a","image":"2"}]}}""");

    [Fact]
    public void Set_element_order_alone_reorders() =>
        Patched(TwoContainers, """{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}}""")
            .ShouldBe("""{"spec":{"containers":[{"name":"b","image":"1"},{"name":"a","image":"1"}]}}""");

    [Fact]
    public void Retain_keys_drops_the_volume_source_that_is_no_more() =>
        Patched("""{"spec":{"volumes":[{"name":"v","emptyDir":{}}]}}""",
                """{"spec":{"volumes":[{"$retainKeys":["name","hostPath"],"name":"v","hostPath":{"path":"/x"}}]}}""")
            .ShouldBe("""{"spec":{"volumes":[{"name":"v","hostPath":{"path":"/x"}}]}}""");

    [Fact]
    public void Primitive_lists_merge_and_delete()
    {
        const string item = """{"metadata":{"finalizers":["a/1","b/2"]}}""";

        Patched(item, """{"metadata":{"finalizers":["c/3"]}}""").ShouldBe("""{"metadata":{"finalizers":["c/3","a/1","b/2"]}}""");
        Patched(item, """{"metadata":{"$deleteFromPrimitiveList/finalizers":["a/1"]}}""")
            .ShouldBe("""{"metadata":{"finalizers":["b/2"]}}""");
    }

    [Fact]
    public void Lists_without_a_strategy_are_replaced() =>
        Patched("""{"spec":{"tolerations":[{"key":"a"}]}}""", """{"spec":{"tolerations":[{"key":"b"}]}}""")
            .ShouldBe("""{"spec":{"tolerations":[{"key":"b"}]}}""");

    [Fact]
    public void Nulls_delete_and_nulls_in_new_objects_vanish() =>
        Patched("""{"metadata":{"labels":{"a":"1","b":"2"}}}""", """{"metadata":{"labels":{"a":null},"annotations":{"x":"1","y":null}}}""")
            .ShouldBe("""{"metadata":{"labels":{"b":"2"},"annotations":{"x":"1"}}}""");

    [Fact]
    public void An_unknown_directive_is_refused() =>
        Should.Throw<ApiFailure>(() => Patched(TwoContainers, """{"spec":{"$patch":"frob"}}""")).Message.ShouldContain("frob");

    private static string Patched(string item, string patch)
    {
        var pods = TypeTable.Load().Resources.First(r => r is { Group: "", Resource: "pods" });
        return StrategicMergePatch.Apply(
            JsonNode.Parse(item)!.AsObject(), JsonNode.Parse(patch), pods.Schema).ToJsonString();
    }
}
