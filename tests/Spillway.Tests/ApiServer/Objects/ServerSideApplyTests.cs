using System.Text.Json.Nodes;
using Spillway.ApiServer;
using Spillway.ApiServer.Apply;
using Spillway.ApiServer.Defaulting;
using Spillway.ApiServer.Schema;

namespace Spillway.Tests.ApiServer.Objects;

public sealed class ServerSideApplyTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 22, 7, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_controller_keeps_the_replicas_that_the_applier_left_out()
    {
        var live = Apply(null, "dev", Deployment("""{"replicas":2}"""));
        live = Update(live, "hpa", d => d["spec"]!["replicas"] = 5);

        live = Apply(live, "dev", Deployment("{}"));

        live["spec"]!["replicas"]!.GetValue<int>().ShouldBe(5);
    }

    [Fact]
    public void Changing_what_another_manager_set_is_a_conflict_until_forced()
    {
        var live = Apply(null, "dev", Deployment("""{"replicas":2}"""));

        var refusal = Should.Throw<ApiFailure>(() => Apply(live, "other", Deployment("""{"replicas":3}""")));
        refusal.Code.ShouldBe(409);
        refusal.Message.ShouldBe("Apply failed with 1 conflict: conflict with \"dev\": .spec.replicas");

        Apply(live, "other", Deployment("""{"replicas":3}"""), force: true)["spec"]!["replicas"]!.GetValue<int>().ShouldBe(3);
    }

    [Fact]
    public void An_update_loses_its_field_to_who_applies_with_force()
    {
        var live = Apply(null, "dev", Deployment("""{"replicas":2}"""));
        live = Update(live, "kubectl", d => d["spec"]!["replicas"] = 4);

        var refusal = Should.Throw<ApiFailure>(() => Apply(live, "dev", Deployment("""{"replicas":2}""")));
        refusal.Message.ShouldBe(
            "Apply failed with 1 conflict: conflict with \"kubectl\" using apps/v1: .spec.replicas");
    }

    [Fact]
    public void A_container_that_is_no_longer_applied_goes_with_its_defaults()
    {
        const string two = """[{"name":"a","image":"1"},{"name":"b","image":"1"}]""";
        var live = Apply(null, "dev", Pod(two));
        live = Apply(live, "dev", Pod("""[{"name":"a","image":"1"}]"""));

        live["spec"]!["containers"]!.AsArray().Select(c => c!["name"]!.GetValue<string>()).ShouldBe(["a"]);
    }

    [Fact]
    public void A_container_that_two_applied_stays_until_both_let_go()
    {
        const string one = """[{"name":"a","image":"1"}]""";
        var live = Apply(null, "x", Pod(one));
        live = Apply(live, "y", Pod(one));

        live = Apply(live, "x", Pod("[]"));
        live["spec"]!["containers"]!.AsArray().Count.ShouldBe(1);

        live = Apply(live, "y", Pod("[]"));
        (live["spec"]!["containers"] as JsonArray ?? []).Count.ShouldBe(0);
    }

    [Fact]
    public void Several_conflicts_are_listed_by_manager()
    {
        var live = Apply(null, "dev", Deployment("""{"replicas":2,"paused":true}"""));

        Should.Throw<ApiFailure>(() => Apply(live, "other", Deployment("""{"replicas":3,"paused":false}""")))
            .Message.ShouldBe(
                "Apply failed with 2 conflicts: conflicts with \"dev\":\n- .spec.paused\n- .spec.replicas");
    }

    [Fact]
    public void Doubled_list_keys_are_refused()
    {
        var refusal = Should.Throw<ApiFailure>(() => Apply(null, "x", Pod("""[{"name":"a"},{"name":"a"}]""")));

        refusal.Message.ShouldBe("failed to create typed patch object (ns/p; /v1, Kind=Pod): "
            + ".spec.containers: duplicate entries for key [name=\"a\"]");
    }

    [Fact]
    public void More_than_ten_updaters_share_the_oldest_entry()
    {
        var live = Apply(null, "dev", Deployment("{}"));
        for (var i = 0; i < 12; i++)
        {
            var label = $"l{i}";
            live = Update(
                live, $"m{i:00}", d => d["metadata"]!.AsObject()["labels"] = With(d, label), s_now.AddMinutes(i));
        }

        var managers =
            live["metadata"]!["managedFields"]!.AsArray().Select(m => m!["manager"]!.GetValue<string>()).ToList();
        managers.ShouldContain("ancient-changes");
        managers.Count(m => m != "dev").ShouldBe(10);
    }

    private static JsonObject With(JsonObject item, string label)
    {
        var labels = item["metadata"]!["labels"]?.DeepClone().AsObject() ?? [];
        labels[label] = "1";
        return labels;
    }

    private static JsonObject Apply(JsonObject? live, string manager, JsonObject config, bool force = false)
    {
        var type = TypeTable.Load().Resources.First(r => r.Kind == config["kind"]!.GetValue<string>());
        var applied =
            ServerSideApply.Apply(type, live, new ApplyRequest(config, new FieldWriter(manager, ""), force, s_now));
        Defaults.Apply(type, applied);
        return applied;
    }

    private static JsonObject Update(
        JsonObject live, string manager, Action<JsonObject> change, DateTimeOffset? at = null)
    {
        var type = TypeTable.Load().Resources.First(r => r.Kind == live["kind"]!.GetValue<string>());
        var updated = live.DeepClone().AsObject();
        change(updated);
        ManagedFields.TrackUpdate(type, live, updated, new FieldWriter(manager, ""), at ?? s_now);
        return updated;
    }

    private static JsonObject Deployment(string spec)
    {
        var item = JsonNode.Parse("""
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","namespace":"ns"},
             "spec":{"selector":{"matchLabels":{"a":"b"}},
                     "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
            """)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(spec)!.AsObject()) item["spec"]![name] = value?.DeepClone();
        return item;
    }

    private static JsonObject Pod(string containers) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Pod",
        ["metadata"] = new JsonObject { ["name"] = "p", ["namespace"] = "ns" },
        ["spec"] = new JsonObject { ["containers"] = JsonNode.Parse(containers) },
    };
}
