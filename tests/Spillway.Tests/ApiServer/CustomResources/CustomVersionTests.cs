using System.Text.Json.Nodes;
using Spillway.ApiServer;
using Spillway.ApiServer.CustomResources;

namespace Spillway.Tests.ApiServer.CustomResources;

public sealed class CustomVersionTests
{
    private readonly RecordedExchanges _recorded = RecordedExchanges.Load("07-crds");

    [Theory]
    [InlineData(18, "no spec")]
    [InlineData(19, "a missing field")]
    [InlineData(21, "wrong types")]
    [InlineData(22, "a CEL rule")]
    [InlineData(28, "a fraction for an integer")]
    [InlineData(29, "a float for an integer")]
    public void A_refused_object_gets_the_recorded_complaints(int sequence, string about)
    {
        Texts(Create(_recorded.Request(sequence))).ShouldBe(_recorded.Causes(sequence), about);
    }

    [Fact]
    public void Many_complaints_come_together()
    {
        // The real server walks fields in random order.
        Texts(Create(_recorded.Request(20))).ShouldBe(_recorded.Causes(20), ignoreOrder: true);
    }

    [Theory]
    [InlineData(17)]
    [InlineData(23)]
    [InlineData(25)]
    [InlineData(27)]
    [InlineData(70)]
    public void A_good_object_is_pruned_and_defaulted_as_recorded(int sequence)
    {
        var item = _recorded.Request(sequence);
        Create(item).ShouldBeEmpty();
        var wanted = _recorded.Response(sequence);
        JsonNode.DeepEquals(item["spec"], wanted["spec"]).ShouldBeTrue(item.ToJsonString());
        item["status"].ShouldBeNull();
    }

    [Fact]
    public void Unknown_fields_are_named()
    {
        Version("v1").Prune(_recorded.Request(25)).ShouldBe(["extra", "spec.bogus"]);
    }

    [Fact]
    public void A_transition_rule_sees_the_old_value()
    {
        var old = _recorded.Response(17);
        var item = (JsonObject)old.DeepClone();
        item["spec"]!["imm"] = "y";
        Texts(Version("v1").Validate(item, old, "", [])).ShouldBe(_recorded.Causes(24));
    }

    [Fact]
    public void A_wrong_status_is_refused_with_the_path_below_status()
    {
        var old = _recorded.Response(41);
        var item = (JsonObject)old.DeepClone();
        item["status"]!["replicas"] = "x";
        Texts(Version("v1").Validate(item, old, "status", [])).ShouldBe(_recorded.Causes(43));
    }

    [Fact]
    public void A_negative_scale_is_refused()
    {
        var old = _recorded.Response(46);
        var item = (JsonObject)old.DeepClone();
        item["spec"]!["replicas"] = -5;
        Texts(Version("v1").Validate(item, old, "", [])).ShouldBe(_recorded.Causes(51));
    }

    [Fact]
    public void A_range_error_does_not_keep_rules_from_running()
    {
        var old = _recorded.Response(57);
        var item = (JsonObject)old.DeepClone();
        item["spec"]!["size"] = 100;
        Texts(Version("v1").Validate(item, old, "", [])).ShouldBe(_recorded.Causes(58));
    }

    [Fact]
    public void What_was_invalid_before_may_be_labelled_but_rules_that_fail_to_run_still_refuse()
    {
        var old = _recorded.Response(68);
        var item = (JsonObject)old.DeepClone();
        item["metadata"]!["labels"] = new JsonObject { ["t"] = "1" };
        Texts(Version("v1").Validate(item, old, "", [])).ShouldBe(_recorded.Causes(69));
    }

    [Fact]
    public void Generation_follows_the_spec_only()
    {
        var version = Version("v1");
        var old = _recorded.Response(17);
        var labelled = (JsonObject)old.DeepClone();
        labelled["metadata"]!["labels"] = new JsonObject { ["a"] = "b" };
        labelled["status"] = new JsonObject { ["phase"] = "Lost" };
        version.PrepareUpdate(labelled, old, "");
        ((long)labelled["metadata"]!["generation"]!).ShouldBe(1);
        labelled["status"].ShouldBeNull();

        var resized = (JsonObject)old.DeepClone();
        resized["spec"]!["size"] = 4;
        version.PrepareUpdate(resized, old, "");
        ((long)resized["metadata"]!["generation"]!).ShouldBe(2);
    }

    private List<FieldError> Create(JsonObject item)
    {
        var version = Version("v1");
        version.Prune(item);
        version.Default(item);
        version.PrepareCreate(item);
        return version.Validate(item, null, "", []);
    }

    private CustomVersion Version(string name) => CustomDefinition.Parse(_recorded.Response(10)).Version(name)!;

    private static List<string> Texts(IEnumerable<FieldError> errors) =>
        [.. errors.Select(e => $"{e.Reason} {e.Field}: {e.Message}")];
}
