using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Printing;

/// <summary>Lines of policies, roles, networking and registrations.</summary>
internal static class PolicyCells
{
    public static object?[] DisruptionBudget(JsonObject item, DateTimeOffset now)
    {
        var spec = item.Map("spec");
        return
        [
            Cells.Name(item), spec?["minAvailable"]?.ToString() ?? "N/A", spec?["maxUnavailable"]?.ToString() ?? "N/A",
            Cells.Number(item.Map("status"), "disruptionsAllowed"), Cells.Age(item, now),
        ];
    }

    public static object?[] PriorityClass(JsonObject item, DateTimeOffset now) =>
    [
        Cells.Name(item), item.Number("value") ?? 0, item.Flag("globalDefault"), Cells.Age(item, now),
        item.Text("preemptionPolicy") ?? "PreemptLowerPriority",
    ];

    public static object?[] Lease(JsonObject item, DateTimeOffset now) =>
        [Cells.Name(item), item.Map("spec")?.Text("holderIdentity") ?? "", Cells.Age(item, now)];

    public static object?[] Binding(JsonObject item, DateTimeOffset now)
    {
        var role = item.Map("roleRef");
        string Subjects(string kind) => string.Join(", ", item.Objects("subjects").Where(s => s.Text("kind") == kind)
            .Select(s => kind == "ServiceAccount" ? $"{s.Text("namespace")}/{s.Text("name")}" : s.Text("name")));
        return
        [
            Cells.Name(item), $"{role?.Text("kind")}/{role?.Text("name")}", Cells.Age(item, now),
            Subjects("User"), Subjects("Group"), Subjects("ServiceAccount"),
        ];
    }

    public static object?[] Ingress(JsonObject item, DateTimeOffset now)
    {
        var spec = item.Map("spec");
        var hosts = (spec?.Objects("rules") ?? []).Select(r => r.Text("host") ?? "").Where(h => h.Length > 0).ToList();
        var addresses = (item.Map("status")?.Map("loadBalancer")?.Objects("ingress") ?? [])
            .Select(i => i.Text("ip") is { Length: > 0 } ip ? ip : i.Text("hostname") ?? "");
        return
        [
            Cells.Name(item), Cells.OrNone(spec?.Text("ingressClassName")), hosts.Count == 0
                ? "*" : CoreCells.Some(hosts),
            string.Join(',', addresses), spec?.Objects("tls").Any() == true ? "80, 443" : "80", Cells.Age(item, now),
        ];
    }

    public static object?[] IngressClass(JsonObject item, DateTimeOffset now)
    {
        var spec = item.Map("spec");
        var parameters = spec?.Map("parameters");
        var shown = Cells.None;
        if (parameters is not null)
            shown = parameters.Text("kind") + (parameters.Text("apiGroup") is { } group
                ? "." + group : "") + "/" + parameters.Text("name");
        return [Cells.Name(item), spec?.Text("controller") ?? "", shown, Cells.Age(item, now)];
    }

    public static object?[] NetworkPolicy(JsonObject item, DateTimeOffset now) =>
        [Cells.Name(item), Cells.Selector(item.Map("spec")?.Map("podSelector")), Cells.Age(item, now)];

    public static object?[] IpAddress(JsonObject item, DateTimeOffset now)
    {
        var parent = item.Map("spec")?.Map("parentRef");
        if (parent is null) return [Cells.Name(item), ""];
        var space = parent.Text("namespace") is { Length: > 0 } given ? given + "/" : "";
        var group = parent.Text("group") is { Length: > 0 } named ? "." + named : "";
        return [Cells.Name(item), $"{parent.Text("resource")}{group}/{space}{parent.Text("name")}"];
    }

    public static object?[] ServiceCidr(JsonObject item, DateTimeOffset now) =>
        [Cells.Name(item), string.Join(',', item.Map("spec")?.Texts("cidrs") ?? []), Cells.Age(item, now)];

    public static object?[] CertificateRequest(JsonObject item, DateTimeOffset now)
    {
        var (spec, status) = (item.Map("spec"), item.Map("status"));
        var seconds = spec?.Number("expirationSeconds");
        bool Has(string type) => Cells.Condition(item, type) is not null;
        var condition = Has("Denied") ? "Denied" : Has("Approved") ? "Approved" : "Pending";
        if (Has("Failed")) condition += ",Failed";
        if (status?.Text("certificate") is { Length: > 0 }) condition += ",Issued";
        return
        [
            Cells.Name(item), Cells.Age(item, now), spec?.Text("signerName") ?? "", spec?.Text("username") ?? "",
            seconds is { } asked ? Cells.Duration(TimeSpan.FromSeconds(asked)) : Cells.None, condition,
        ];
    }

    public static object?[] ResourceClaim(JsonObject item, DateTimeOffset now)
    {
        var status = item.Map("status");
        var states = new List<string>();
        if (item.Map("metadata")?.ContainsKey("deletionTimestamp") == true) states.Add("deleted");
        if (status?.Map("allocation") is null) states.Add("pending");
        else
        {
            states.Add("allocated");
            if (status.Objects("reservedFor").Any()) states.Add("reserved");
        }
        return [Cells.Name(item), string.Join(',', states), Cells.Age(item, now)];
    }

    public static object?[] ResourceSlice(JsonObject item, DateTimeOffset now)
    {
        var spec = item.Map("spec");
        var node = spec?.Text("nodeName") is { Length: > 0 } named ? named : spec?.Flag("allNodes") == true
            ? "<all>" : Cells.Unset;
        return [Cells.Name(item), node, spec?.Text("driver") ?? "", spec?.Map("pool")?.Text("name")
            ?? "", Cells.Age(item, now)];
    }

    public static object?[] ApiService(JsonObject item, DateTimeOffset now)
    {
        var service = item.Map("spec")?.Map("service");
        var available = Cells.Condition(item, "Available");
        var shown = available?.Text("status") ?? "Unknown";
        if (available is not null && shown != "True") shown = $"{shown} ({available.Text("reason")})";
        return
        [
            Cells.Name(item), service is null ? "Local" : $"{service.Text("namespace")}/{service.Text("name")}", shown,
            Cells.Age(item, now),
        ];
    }

    public static object?[] FlowSchema(JsonObject item, DateTimeOffset now)
    {
        var spec = item.Map("spec");
        var dangling = Cells.Condition(item, "Dangling")?.Text("status");
        return
        [
            Cells.Name(item), spec?.Map("priorityLevelConfiguration")?.Text("name") ?? "",
            Cells.Number(spec, "matchingPrecedence"), Cells.OrNone(spec?.Map("distinguisherMethod")?.Text("type")),
            Cells.Age(item, now), dangling ?? "?",
        ];
    }

    public static object?[] PriorityLevel(JsonObject item, DateTimeOffset now)
    {
        var spec = item.Map("spec");
        var limited = spec?.Map("limited");
        var queuing = limited?.Map("limitResponse")?.Map("queuing");
        object? Or(long? number) => number is { } value ? value : Cells.None;
        return
        [
            Cells.Name(item), spec?.Text("type") ?? "", Or(limited?.Number("nominalConcurrencyShares")),
            Or(queuing?.Number("queues")), Or(queuing?.Number("handSize")), Or(queuing?.Number("queueLengthLimit")),
            Cells.Age(item, now),
        ];
    }

    public static object?[] Webhooks(JsonObject item, DateTimeOffset now) =>
        [Cells.Name(item), item.Objects("webhooks").Count(), Cells.Age(item, now)];

    public static object?[] Policy(JsonObject item, string rules, DateTimeOffset now)
    {
        var spec = item.Map("spec");
        var kind = spec?.Map("paramKind");
        var shown = kind is null ? Cells.Unset : $"{kind.Text("apiVersion")}/{kind.Text("kind")}";
        return [Cells.Name(item), spec?.Objects(rules).Count() ?? 0, shown, Cells.Age(item, now)];
    }

    public static object?[] PolicyBinding(JsonObject item, DateTimeOffset now)
    {
        var spec = item.Map("spec");
        var reference = spec?.Map("paramRef");
        var shown = Cells.Unset;
        if (reference is not null)
        {
            var name = reference.Text("name") is { Length: > 0 } named ? named : "*";
            shown = reference.Text("namespace") is { Length: > 0 } space ? $"{space}/{name}" : name;
        }
        return [Cells.Name(item), spec?.Text("policyName") ?? "", shown, Cells.Age(item, now)];
    }
}
