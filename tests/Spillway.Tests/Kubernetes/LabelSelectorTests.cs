using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Tests.Kubernetes;

public sealed class LabelSelectorTests
{
    [Theory]
    [InlineData("", true)]
    [InlineData("app=web", true)]
    [InlineData("app==web", true)]
    [InlineData("app!=web", false)]
    [InlineData("other!=web", true)]
    [InlineData("app", true)]
    [InlineData("!app", false)]
    [InlineData("!canary , app", true)]
    [InlineData("app in (web, db),tier notin (back)", true)]
    [InlineData("app in (db)", false)]
    [InlineData("app notin (web)", false)]
    [InlineData("size>4,size<6", true)]
    [InlineData("size>5", false)]
    [InlineData("empty=", true)]
    [InlineData("example.com/name=x", false)]
    public void The_text_form_matches_as_the_api_does(string selector, bool matches)
    {
        var labels =
            new Dictionary<string, string> { ["app"] = "web", ["tier"] = "front", ["size"] = "5", ["empty"] = "" };

        LabelSelector.Parse(selector).Matches(labels).ShouldBe(matches);
        LabelSelector.Parse(LabelSelector.Parse(selector).ToString()).Matches(labels).ShouldBe(matches);
    }

    [Theory]
    [InlineData("app in web")]
    [InlineData("=web")]
    [InlineData("a b")]
    [InlineData("size>many")]
    [InlineData("a in (b")]
    public void Nonsense_is_refused_with_its_place(string selector)
    {
        LabelSelector.TryParse(selector, out _, out var error).ShouldBeFalse();
        error.ShouldContain("unable to parse label selector");
    }

    [Fact]
    public void The_object_form_matches_and_a_missing_one_selects_nothing()
    {
        var selector = LabelSelector.Read((JsonObject)JsonNode.Parse("""
            {"matchLabels": {"app": "web"},
                "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["back"]}]}
            """)!);

        selector.Matches(new Dictionary<string, string> { ["app"] = "web" }).ShouldBeTrue();
        selector.Matches(new Dictionary<string, string> { ["app"] = "web", ["tier"] = "back" }).ShouldBeFalse();
        selector.ToString().ShouldBe("app=web,tier!=back");
        LabelSelector.Read(null).Matches(new Dictionary<string, string>()).ShouldBeFalse();
        LabelSelector.Read([]).Matches(new Dictionary<string, string>()).ShouldBeTrue();
    }

    [Theory]
    [InlineData("k", "Equal", "v", "", true)]
    [InlineData("k", "Equal", "w", "", false)]
    [InlineData("", "Exists", "", "", true)]
    [InlineData("k", "Exists", "", "NoSchedule", false)]
    [InlineData("k", "Exists", "", "NoExecute", true)]
    public void Tolerations_bear_taints_as_the_scheduler_says(
        string key, string op, string value, string effect, bool tolerates)
    {
        var toleration =
            new Toleration(new JsonObject { ["key"] = key, ["operator"] = op, ["value"] = value, ["effect"] = effect });

        toleration.Tolerates(new Taint("k", "v", "NoExecute")).ShouldBe(tolerates);
    }
}
