using System.Text;
using Spillway.Kubernetes;

namespace Spillway.Tests.Kubernetes;

public sealed class TrimmedDecodingTests
{
    [Theory]
    [InlineData("""{"metadata":{"managedFields":[{"manager":"a"}],"name":"x"},"data":{"k":"v"}}""")]
    [InlineData("""{"metadata":{"name":"x","managedFields":[{"manager":"a"}]},"data":{"k":"v"}}""")]
    [InlineData("""{"metadata":{"name":"x" , "managedFields" : [ ] }, "data":{"k":"v"}}""")]
    [InlineData("""{"data":{"k":"v"},"metadata":{"name":"x","managedFields":null,"labels":null}}""")]
    [InlineData("""{"metadata":{"name":"x"},"data":{"k":"v"}}""")]
    public void Managed_fields_are_left_out_wherever_they_stand(string json)
    {
        var map = Resources.ConfigMaps.DecodeTrimmed(Encoding.UTF8.GetBytes(json));

        map.Name.ShouldBe("x");
        map.Json["metadata"]!.AsObject().ContainsKey("managedFields").ShouldBeFalse();
        map.Json["data"]!["k"]!.GetValue<string>().ShouldBe("v");
    }

    [Fact]
    public void Managed_fields_elsewhere_are_kept()
    {
        const string json = """{"metadata":{"managedFields":[]},"data":{"managedFields":"v"}}""";

        var map = Resources.ConfigMaps.DecodeTrimmed(Encoding.UTF8.GetBytes(json));

        map.Json["data"]!["managedFields"]!.GetValue<string>().ShouldBe("v");
    }
}
