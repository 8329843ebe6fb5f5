using Spillway.Core.Placement;
using static Spillway.Core.Tests.Placement.TestPods;

namespace Spillway.Core.Tests.Placement;

public sealed class GangTests
{
    [Fact]
    public void All_members_are_placed_or_none()
    {
        var model = Model(Node("a"), Node("b"));
        for (var i = 0; i < 4; i++) model.SetPod(Member($"m{i}", "2", size: 4));
        for (var i = 0; i < 4; i++) model.SetPod(Member($"n{i}", "3", size: 4, gang: "second"));
        model.SetPod(Pod("single", "4"));

        var decisions = model.PlaceAll().ToDictionary(decision => decision.Pod.Name, decision => decision.Outcome);

        for (var i = 0; i < 4; i++) decisions[$"m{i}"].ShouldBeOfType<PlacementOutcome.Placed>();
        for (var i = 0; i < 4; i++) decisions[$"n{i}"].ShouldBeOfType<PlacementOutcome.Unplaceable>();
        model.NodeOf(new PodKey("default", "n0")).ShouldBe("");
    }

    [Fact]
    public void Gang_that_does_not_fit_leaves_its_room_to_others_and_says_how_many_fit()
    {
        var model = Model(Node("a"), Node("b"));
        for (var i = 0; i < 3; i++) model.SetPod(Member($"m{i}", "3", size: 3));
        model.SetPod(Pod("single", "4"));

        var decisions = model.PlaceAll().ToDictionary(decision => decision.Pod.Name, decision => decision.Outcome);

        decisions["single"].ShouldBeOfType<PlacementOutcome.Placed>();
        decisions["m0"].ShouldBeOfType<PlacementOutcome.Unplaceable>().Explanation.ToSentence().ShouldStartWith(
            "The 3 members of gang g that are needed must start together; 2 fit: Needs 3 cpu");
    }

    [Fact]
    public void Missing_members_are_waited_for()
    {
        var model = Model(Node("a"), Member("m0", "1", size: 3), Member("m1", "1", size: 3));

        model.PlaceAll().Select(decision => decision.Outcome).Distinct().ShouldHaveSingleItem().ShouldBe(
            new PlacementOutcome.Waits(WaitReason.Gang, "Waits for its gang g: 2 of 3 members exist."));

        model.SetPod(Member("m2", "1", size: 3));
        model.PlaceAll().ShouldAllBe(decision => decision.Outcome is PlacementOutcome.Placed);
    }

    [Fact]
    public void More_members_than_the_minimum_start_as_room_allows()
    {
        var model = Model(Node("a"));
        for (var i = 0; i < 6; i++) model.SetPod(Member($"m{i}", "1", size: 3));

        model.PlaceAll().Count(decision => decision.Outcome is PlacementOutcome.Placed).ShouldBe(4);
    }

    [Fact]
    public void Members_that_run_already_count()
    {
        var model = Model(Node("a"), Member("m0", "1", size: 2).On("a"), Member("m1", "1", size: 2));

        model.Place(new PodKey("default", "m1")).ShouldBeOfType<PlacementOutcome.Placed>();
    }

    [Fact]
    public void Large_members_are_tried_first_when_the_queues_order_does_not_fit()
    {
        var model = Model(Node("a", "4"), Node("b", "2"));
        model.SetPod(Member("m0", "2", size: 3));
        model.SetPod(Member("m1", "1", size: 3));
        model.SetPod(Member("m2", "3", size: 3));

        model.PlaceAll().ShouldAllBe(decision => decision.Outcome is PlacementOutcome.Placed);
    }

    [Fact]
    public void Gang_preempts_only_when_all_of_it_gets_room()
    {
        var model = Model(Node("a", "2"), Node("b", "2"), Pod("low-a", "2").On("a"), Pod("low-b", "2").On("b"));
        model.SetPod(Member("m0", "2", size: 2).Priority(5));
        model.SetPod(Member("m1", "2", size: 2).Priority(5));

        model.PlaceAll().Select(decision => ((PlacementOutcome.Preempts)decision.Outcome).Node).ShouldBe(["a", "b"]);

        var crowded = Model(Node("a", "2"), Pod("low-a", "2").On("a"));
        crowded.SetPod(Member("m0", "2", size: 2).Priority(5));
        crowded.SetPod(Member("m1", "2", size: 2).Priority(5));
        crowded.PlaceAll().ShouldAllBe(decision => decision.Outcome is PlacementOutcome.Unplaceable);
    }

    public static TheoryData<string, string, int> Conventions => new()
    {
        { """{"annotations":{"spillway.dev/gang":"g","spillway.dev/gang-size":"4"}}""", "g", 4 },
        { """{"labels":{"pod-group.scheduling.sigs.k8s.io":"g","pod-group.scheduling.sigs.k8s.io/min-available":"3"}}""", "g", 3 },
        { """{"labels":{"kueue.x-k8s.io/pod-group-name":"g"},"annotations":{"kueue.x-k8s.io/pod-group-total-count":"2"}}""", "g", 2 },
        { """{"annotations":{"scheduling.k8s.io/group-name":"g","scheduling.volcano.sh/group-min-member":"5"}}""", "g", 5 },
        { """{"labels":{"scheduling.x-k8s.io/pod-group":"g"}}""", "g", 0 },
    };

    [Theory, MemberData(nameof(Conventions))]
    public void Usual_annotations_mark_a_gang(string metadata, string name, int size)
    {
        var json = "{\"metadata\":" + metadata + ""","spec":{"containers":[{"name":"c"}]}}""";

        PodReader.Read(System.Text.Encoding.UTF8.GetBytes(json)).Requirements.Gang.ShouldBe(new Gang(name, size));
    }

    private static PodRecord Member(string name, string cpu, int size, string gang = "g") =>
        Pod(name, cpu).Asking(ask => ask with { Gang = new Gang(gang, size) });
}
