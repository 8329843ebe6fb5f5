using System.Text.Json.Nodes;
using Spillway.ApiServer;
using Spillway.ApiServer.CustomResources;

namespace Spillway.Tests.ApiServer.CustomResources;

public sealed class DefinitionRulesTests
{
    [Theory]
    [InlineData(1, "no schema")]
    [InlineData(2, "a name that is not plural and group")]
    [InlineData(3, "a field without a type")]
    [InlineData(4, "two storage versions")]
    [InlineData(5, "a rule about an unknown field")]
    [InlineData(6, "a default of the wrong type")]
    [InlineData(7, "a protected group")]
    public void A_refused_definition_gets_the_recorded_complaints(int sequence, string about)
    {
        var recorded = RecordedExchanges.Load("07-crds");
        var definition = recorded.Request(sequence);
        CustomDefinition.Default(definition);
        CustomDefinition.PrepareCreate(definition);

        Texts(CustomDefinition.Validate(definition)).ShouldBe(recorded.Causes(sequence), about);
    }

    [Fact]
    public void A_good_definition_is_stored_as_recorded()
    {
        var recorded = RecordedExchanges.Load("07-crds");
        var definition = recorded.Request(8);
        CustomDefinition.Default(definition);
        CustomDefinition.PrepareCreate(definition);

        CustomDefinition.Validate(definition).ShouldBeEmpty();
        var wanted = recorded.Response(8);
        JsonNode.DeepEquals(definition["spec"], wanted["spec"]).ShouldBeTrue();
        JsonNode.DeepEquals(definition["status"], wanted["status"]).ShouldBeTrue();
    }

    [Fact]
    public void Accepted_names_establish_a_definition_as_recorded()
    {
        var recorded = RecordedExchanges.Load("07-crds");
        var created = recorded.Response(8);
        var wanted = recorded.Response(10);
        var at = DateTimeOffset.Parse((string)created["metadata"]!["creationTimestamp"]!);

        var next = NamesController.Next(created, [created], at);

        next.ShouldNotBeNull();
        JsonNode.DeepEquals(next["status"], wanted["status"]).ShouldBeTrue(next["status"]!.ToJsonString());
        NamesController.Next(next, [next], at.AddSeconds(5)).ShouldBeNull();
    }

    [Fact]
    public void Taken_names_are_refused_as_recorded()
    {
        var recorded = RecordedExchanges.Load("07-crds");
        var second = recorded.Response(87);
        var first = NamesController.Next(recorded.Response(83), [], DateTimeOffset.UnixEpoch)!;
        var wanted = recorded.Response(88);

        var next = NamesController.Next(second, [first, second],
            DateTimeOffset.Parse((string)second["metadata"]!["creationTimestamp"]!));

        JsonNode.DeepEquals(next!["status"], wanted["status"]).ShouldBeTrue(next["status"]!.ToJsonString());
    }

    [Fact]
    public void Scope_cannot_change_once_established()
    {
        var recorded = RecordedExchanges.Load("07-crds");
        var old = recorded.Response(89);
        var changed = (JsonObject)old.DeepClone();
        changed["spec"]!["scope"] = "Namespaced";
        Texts(CustomDefinition.ValidateUpdate(changed, old)).ShouldBe(recorded.Causes(91));
    }

    [Fact]
    public void A_stored_version_cannot_be_removed()
    {
        var recorded = RecordedExchanges.Load("07-crds");
        var old = recorded.Response(89);
        var changed = (JsonObject)old.DeepClone();
        changed["spec"]!["versions"]!.AsArray().RemoveAt(0);
        Texts(CustomDefinition.ValidateUpdate(changed, old)).ShouldBe(recorded.Causes(92));
    }

    private static List<string> Texts(IEnumerable<FieldError> errors) =>
        [.. errors.Select(e => $"{e.Reason} {e.Field}: {e.Message}")];
}
