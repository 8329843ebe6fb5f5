using System.Diagnostics;
using Spillway.ApiServer.Schema;

namespace Spillway.Tests.ApiServer.Objects;

public sealed class TypeTableTests
{
    [Fact]
    public void Pods_have_their_shape_and_discovery_facts()
    {
        var pods = TypeTable.Load().Resources.Single(r => r is { Group: "", Resource: "pods" });

        pods.ShortNames.ShouldBe(["po"]);
        pods.Categories.ShouldBe(["all"]);
        pods.Subresources["eviction"].Group.ShouldBe("policy");
        var containers = pods.Schema.Properties["spec"].Properties["containers"];
        containers.ListMapKeys.ShouldBe(["name"]);
        containers.PatchMergeKey.ShouldBe("name");
        var ports = containers.Items!.Properties["ports"];
        ports.ListMapKeys.ShouldBe(["containerPort", "protocol"]);
        ports.Items!.Properties["protocol"].Default!.GetValue<string>().ShouldBe("TCP");
        pods.Schema.Properties["spec"].Required.ShouldBe(["containers"]);
    }

    [Fact]
    public void Kinds_that_are_no_resource_have_a_shape_too()
    {
        var table = TypeTable.Load();

        table.Shape("autoscaling", "v1", "Scale").ShouldNotBeNull();
        table.Shape("", "v1", "DeleteOptions").ShouldNotBeNull();
        table.Shape("", "v1", "Status").ShouldNotBeNull();
        table.Shape("policy", "v1", "Eviction").ShouldNotBeNull();
        table.Columns("", "v1", "pods")!.Count.ShouldBe(9);
    }

    [Fact]
    public void Recursive_schemas_point_at_themselves()
    {
        var props = TypeTable.Load().Shape("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")!;

        props.Properties["properties"].Values.ShouldBeSameAs(props);
    }
}
