using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Spillway.ApiServer;
using Spillway.ApiServer.Admission;

namespace Spillway.Tests.ApiServer.Admission;

/// <summary>Admission policies and webhooks.</summary>
public sealed class InterceptionTests
{
    private const string Group = "admissionregistration.k8s.io";

    private readonly MemoryCluster _cluster = new MemoryCluster()
        .Add("", "namespaces", """{"metadata":{"name":"w","labels":{"team":"a"}}}""");

    [Fact]
    public async Task A_policy_refuses_with_its_message_and_a_binding_may_only_warn()
    {
        AddPolicy("""
            [{"expression":"object.data.size() <= variables.most","messageExpression":"'at most ' + string(variables.most) + ' keys'"}]
            """);
        AddBinding("Deny");
        var refusal = await Should.ThrowAsync<ApiFailure>(() => CreateAsync(ConfigMap("a", "b")));
        refusal.Message.ShouldBe("configmaps \"c\" is forbidden: ValidatingAdmissionPolicy 'few' with binding 'few-b' denied "
            + "request: at most 1 keys");
        refusal.Code.ShouldBe(422);
        await CreateAsync(ConfigMap("a"));

        AddBinding("Warn");
        (await CreateAsync(ConfigMap("a", "b"))).Warnings.ShouldBe(
            ["Validation failed for ValidatingAdmissionPolicy 'few' with binding 'few-b': at most 1 keys"]);
    }

    [Fact]
    public async Task A_policy_that_cannot_be_evaluated_refuses_unless_failures_are_ignored()
    {
        AddPolicy("""[{"expression":"object.nope == 1"}]""");
        AddBinding("Deny");
        (await Should.ThrowAsync<ApiFailure>(() => CreateAsync(ConfigMap("a")))).Message.ShouldEndWith(
            "expression 'object.nope == 1' resulted in error: no such key: nope");
        AddPolicy("""[{"expression":"object.nope == 1"}]""", failurePolicy: "Ignore");
        await CreateAsync(ConfigMap("a"));
    }

    [Fact]
    public async Task A_policy_asks_for_its_parameters_and_who_asks()
    {
        AddPolicy("""[{"expression":"object.data.size() <= int(params.data.most) && request.userInfo.username == 'admin'","message":"no"}]""",
            """ "paramKind":{"apiVersion":"v1","kind":"ConfigMap"}, """);
        AddBinding("Deny", """ "paramRef":{"name":"limits","namespace":"w","parameterNotFoundAction":"Deny"}, """);
        (await Should.ThrowAsync<ApiFailure>(() => CreateAsync(ConfigMap("a")))).Message.ShouldContain(
            "no params found");
        _cluster.Add("", "configmaps", """{"metadata":{"name":"limits","namespace":"w"},"data":{"most":"1"}}""");
        await CreateAsync(ConfigMap("a"));
        (await Should.ThrowAsync<ApiFailure>(() => CreateAsync(ConfigMap("a", "b")))).Message.ShouldEndWith(
            "denied request: no");
    }

    [Fact]
    public async Task A_webhook_changes_the_object_warns_and_refuses()
    {
        await using var hook = await HookAsync(review =>
        {
            var name = (string?)review["request"]!["name"];
            if (name == "bad") return new JsonObject { ["allowed"] = false,
                ["status"] = new JsonObject { ["code"] = 403, ["message"] = "not you" } };
            const string patch = """[{"op":"add","path":"/metadata/labels","value":{"seen":"yes"}}]""";
            return new JsonObject
            {
                ["allowed"] = true, ["patchType"] = "JSONPatch", ["warnings"] = new JsonArray("careful"),
                ["patch"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(patch)),
            };
        });
        AddWebhook(hook.Urls.First());
        var request = await MutateAsync(ConfigMap("a"));
        ((string?)request.Object!["metadata"]!["labels"]!["seen"]).ShouldBe("yes");
        request.Warnings.ShouldBe(["careful"]);

        var refused = ConfigMap("a");
        refused["metadata"]!["name"] = "bad";
        var refusal = await Should.ThrowAsync<ApiFailure>(() => MutateAsync(refused));
        (refusal.Code,
            refusal.Message).ShouldBe((403, "admission webhook \"h.example.com\" denied the request: not you"));
    }

    [Fact]
    public async Task A_webhook_that_does_not_answer_refuses_unless_failures_are_ignored()
    {
        AddWebhook("http://127.0.0.1:1");
        (await Should.ThrowAsync<ApiFailure>(() => MutateAsync(ConfigMap("a")))).Message.ShouldStartWith(
            "Internal error occurred: failed calling webhook \"h.example.com\": failed to call webhook: Post \"http://127.0.0.1:1?timeout=2s\":");
        AddWebhook("http://127.0.0.1:1", """ "failurePolicy":"Ignore", """);
        await MutateAsync(ConfigMap("a"));
        AddWebhook("http://127.0.0.1:1", """ "namespaceSelector":{"matchLabels":{"team":"b"}}, """);
        await MutateAsync(ConfigMap("a"));
        AddWebhook("http://127.0.0.1:1", """ "matchConditions":[{"name":"n","expression":"request.name == 'other'"}], """);
        await MutateAsync(ConfigMap("a"));
    }

    private void AddPolicy(string validations, string extra = "", string failurePolicy = "Fail") => _cluster.Add(Group,
        "validatingadmissionpolicies", $$$"""
        {"metadata":{"name":"few"},"spec":{ {{{extra}}} "failurePolicy":"{{{failurePolicy}}}",
         "matchConstraints":{"resourceRules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["configmaps"]}]},
         "variables":[{"name":"most","expression":"1"}], "validations":{{{validations}}} }}
        """);

    private void AddBinding(string action, string extra = "") =>
        _cluster.Add(Group, "validatingadmissionpolicybindings",
        $$$"""{"metadata":{"name":"few-b"},"spec":{ {{{extra}}} "policyName":"few","validationActions":["{{{action}}}"]}}""");

    private void AddWebhook(string url, string extra = "") => _cluster.Add(Group, "mutatingwebhookconfigurations", $$$"""
        {"metadata":{"name":"hooks"},"webhooks":[{ {{{extra}}} "name":"h.example.com","clientConfig":{"url":"{{{url}}}"},
         "rules":[{"apiGroups":["*"],"apiVersions":["*"],"operations":["*"],"resources":["*/*"]}],
         "sideEffects":"None","timeoutSeconds":2,"admissionReviewVersions":["v1"]}]}
        """);

    private static JsonObject ConfigMap(params string[] keys) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "ConfigMap",
        ["metadata"] = new JsonObject { ["name"] = "c" },
        ["data"] = new JsonObject(keys.Select(k => KeyValuePair.Create(k, (JsonNode?)"1"))),
    };

    private static async Task<WebApplication> HookAsync(Func<JsonObject, JsonObject> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapPost("/", async context =>
        {
            var review = (JsonObject)(await JsonNode.ParseAsync(context.Request.Body))!;
            var response = answer(review);
            response["uid"] = review["request"]!["uid"]!.DeepClone();
            await context.Response.WriteAsync(new JsonObject
            {
                ["kind"] = "AdmissionReview", ["apiVersion"] = "admission.k8s.io/v1", ["response"] = response,
            }.ToJsonString());
        });
        await app.StartAsync();
        return app;
    }

    private AdmissionChain Chain() =>
        new(_cluster.Reads, TimeProvider.System, new Random(1), new WebhookDoor((_, _, _) => null));

    private async Task<AdmissionRequest> CreateAsync(JsonObject item)
    {
        var request = MemoryCluster.Create("", "configmaps", "w", item);
        await Chain().ValidateAsync(request, CancellationToken.None);
        return request;
    }

    private async Task<AdmissionRequest> MutateAsync(JsonObject item)
    {
        var request = MemoryCluster.Create("", "configmaps", "w", item);
        await Chain().MutateAsync(request, CancellationToken.None);
        return request;
    }
}
