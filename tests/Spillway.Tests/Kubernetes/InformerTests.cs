using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Spillway.Kubernetes;
using Spillway.Sandbox.Time;

namespace Spillway.Tests.Kubernetes;

public sealed class InformerTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_store_follows_the_server_with_and_without_streaming_lists(bool streaming) => Play(async scene =>
    {
        scene.Api.KnowsStreamingLists = streaming;
        scene.Put("a", 1);
        var nodes = await scene.StartAsync();
        nodes.List().Select(n => n.Name).ShouldBe(["a"]);

        scene.Put("b", 1);
        scene.Put("a", 2);
        scene.Api.Delete("/api/v1/nodes/b");
        await scene.Time.SettleAsync();

        nodes.List().Select(n => $"{n.Name}{n.Label("step")}").ShouldBe(["a2"]);
        scene.Heard.ShouldBe(["Added a", "Added b", "Updated a", "Removed b"]);
        scene.Api.Lists.ShouldBe(streaming ? 0 : 1);
    });

    [Fact]
    public void A_long_list_is_read_page_by_page() => Play(async scene =>
    {
        scene.Api.KnowsStreamingLists = false;
        for (var i = 0; i < 1203; i++) scene.Put($"n{i:0000}", 1);
        var nodes = await scene.StartAsync();

        nodes.Count.ShouldBe(1203);
        scene.Api.Lists.ShouldBe(3);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_dropped_watch_is_resumed_without_a_new_list(bool withinAnEvent) => Play(async scene =>
    {
        scene.Api.KnowsStreamingLists = false;
        scene.Put("a", 1);
        var nodes = await scene.StartAsync();

        scene.Api.DropWatches(withinAnEvent);
        scene.Put("a", 2);
        await Task.Delay(TimeSpan.FromSeconds(5), scene.Time);

        nodes.Get(ObjectKey.Cluster("a"))!.Label("step").ShouldBe("2");
        scene.Api.Lists.ShouldBe(1);
    });

    [Fact]
    public void A_version_that_is_too_old_leads_to_a_new_list_and_only_the_differences_are_told() => Play(async scene =>
    {
        scene.Put("same", 1);
        scene.Put("gone", 1);
        scene.Put("changed", 1);
        var nodes = await scene.StartAsync();
        scene.Heard.Clear();

        scene.Api.IsDown = true;
        scene.Api.DropWatches();
        scene.Put("changed", 2);
        scene.Api.Delete("/api/v1/nodes/gone");
        scene.Put("new", 1);
        scene.Api.Compact();
        await Task.Delay(TimeSpan.FromMinutes(10), scene.Time);
        scene.Api.IsDown = false;
        await Task.Delay(TimeSpan.FromMinutes(2), scene.Time);

        scene.Heard.ShouldBe(["Updated changed", "Added new", "Removed gone"], ignoreOrder: true);
        nodes.Count.ShouldBe(3);
    });

    [Theory]
    [InlineData(410)]
    [InlineData(500)]
    public void An_error_event_ends_the_watch_and_nothing_is_lost(int code) => Play(async scene =>
    {
        scene.Put("a", 1);
        var nodes = await scene.StartAsync();

        scene.Api.SendError(code);
        scene.Put("b", 1);
        await Task.Delay(TimeSpan.FromSeconds(10), scene.Time);

        nodes.Count.ShouldBe(2);
        scene.Api.OpenWatches.ShouldBe(1);
    });

    [Fact]
    public void A_repeated_event_is_told_once() => Play(async scene =>
    {
        await scene.StartAsync();

        scene.Put("a", 1);
        scene.Api.RepeatLastEvent();
        await scene.Time.SettleAsync();

        scene.Heard.ShouldBe(["Added a"]);
    });

    [Fact]
    public void A_bookmark_moves_the_point_to_resume_from() => Play(async scene =>
    {
        scene.Api.KnowsStreamingLists = false;
        scene.Put("a", 1);
        var nodes = await scene.StartAsync();
        scene.Api.SendBookmark();
        await scene.Time.SettleAsync();

        scene.Api.Compact();
        scene.Api.DropWatches();
        await Task.Delay(TimeSpan.FromSeconds(10), scene.Time);

        nodes.Count.ShouldBe(1);
        scene.Api.Lists.ShouldBe(1);
    });

    [Fact]
    public void A_server_that_is_away_is_asked_at_growing_intervals() => Play(async scene =>
    {
        await scene.StartAsync();

        scene.Api.IsDown = true;
        scene.Api.DropWatches();
        var before = scene.Api.Requests.Count;
        await Task.Delay(TimeSpan.FromHours(1), scene.Time);

        (scene.Api.Requests.Count - before).ShouldBeInRange(50, 150);
    });

    [Fact]
    public void A_late_handler_hears_of_what_is_there_and_indexes_follow() => Play(async scene =>
    {
        scene.Put("a", 1);
        var nodes = await scene.StartAsync();
        var bySteps = nodes.AddIndex(n => [n.Label("step") ?? ""]);
        var late = new List<string>();
        nodes.OnChange(c => late.Add($"{c.Kind} {c.Key}"));
        late.ShouldBe(["Added a"]);

        scene.Put("b", 1);
        scene.Put("a", 2);
        await scene.Time.SettleAsync();

        bySteps.Find("1").Select(n => n.Name).ShouldBe(["b"]);
        bySteps.Find("2").Select(n => n.Name).ShouldBe(["a"]);
        bySteps.Find("3").ShouldBeEmpty();
    });

    [Fact]
    public void Decoding_is_the_callers_and_equal_wishes_share_one_watch() => Play(async scene =>
    {
        scene.Put("abc", 1);
        var sizes = scene.Set.Get<object>(Resources.Nodes, bytes => bytes.Length);
        var again = scene.Set.Get<object>(Resources.Nodes, _ => throw new InvalidOperationException());
        await scene.StartAsync();
        await scene.Set.WaitForSyncAsync(CancellationToken.None);

        again.ShouldBeSameAs(sizes);
        ((int)sizes.List().Single()).ShouldBeGreaterThan(50);
        scene.Api.OpenWatches.ShouldBe(2);
    });

    [Fact]
    public async Task The_same_informer_works_on_the_thread_pool()
    {
        var api = new MemoryApi();
        api.Put("/api/v1/nodes/a", Node("a", 1));
        await using var set =
            new InformerSet(new KubernetesClient(api), TimeProvider.System, new Random(1), NullLogger.Instance);
        var nodes = set.Get(Resources.Nodes);
        var removed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        nodes.OnChange(c =>
        {
            if (c.Kind == ChangeKind.Removed) removed.TrySetResult();
        });
        set.Start();
        await set.WaitForSyncAsync(CancellationToken.None);

        api.Delete("/api/v1/nodes/a");

        await removed.Task.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System);
    }

    private static JsonObject Node(string name, int step) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["step"] = step.ToString() } },
    };

    private static void Play(Func<Scene, Task> play)
    {
        var time = new VirtualTime(Start);
        time.Run(async () =>
        {
            var api = new MemoryApi();
            await using var set = new InformerSet(new KubernetesClient(api), time, new Random(1), NullLogger.Instance);
            await play(new Scene(time, api, set));
        });
    }

    private sealed record Scene(VirtualTime Time, MemoryApi Api, InformerSet Set)
    {
        public List<string> Heard { get; } = [];

        public void Put(string name, int step) => Api.Put($"/api/v1/nodes/{name}", Node(name, step));

        public async Task<Informer<Node>> StartAsync()
        {
            var nodes = Set.Get(Resources.Nodes);
            nodes.OnChange(c => Heard.Add($"{c.Kind} {c.Key}"));
            Set.Start();
            await Set.WaitForSyncAsync(CancellationToken.None);
            await Time.SettleAsync();
            return nodes;
        }
    }
}
