using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Apply;
using Spillway.ApiServer.Http;
using Spillway.ApiServer.Schema;
using Spillway.ApiServer.Storage;

namespace Spillway.ApiServer.Registry;

/// <summary>A request for objects, after authentication and authorization.</summary>
internal sealed class ResourceRequest
{
    public required ApiRequest Http { get; init; }

    public required RequestTarget Target { get; init; }

    public required ServedResource Resource { get; init; }

    /// <summary>The resource in the version asked for.</summary>
    public required ResourceType Type { get; init; }

    public required Requester User { get; init; }

    /// <summary>How the client wants to see objects.</summary>
    public required Representation Accept { get; init; }

    /// <summary>Go into Warning headers.</summary>
    public List<string> Warnings { get; } = [];

    public Query Query => Http.Query;

    public string Namespace => Target.Namespace;

    public string Name => Target.Name;

    public string Subresource => Target.Subresource;

    public string Key => KeyOf(Namespace, Name);

    /// <summary>Keys of the objects a list is about.</summary>
    public string Prefix => Type.Namespaced && Namespace.Length > 0 ? Namespace + "/" : "";

    public bool IsDryRun { get; private set; }

    /// <summary>The query's fieldManager, or the program's name in User-Agent, as the real server does.</summary>
    public string FieldManager => Query["fieldManager"] is { Length: > 0 } named ? named : Agent();

    public FieldWriter Writer => new(FieldManager, Subresource);

    public string FieldValidation => Query["fieldValidation"] is { Length: > 0 } value ? value : "Warn";

    public string KeyOf(string space, string name) => Type.Namespaced ? space + "/" + name : name;

    public ApiFailure NotFound() => ApiFailure.NotFound(Type.Group, Type.Resource, Name);

    public ApiFailure Conflict(string why) => ApiFailure.Conflict(Type.Group, Type.Resource, Name, why);

    /// <summary>Reads and checks the options that every write has: dryRun and fieldValidation.</summary>
    public void ReadDryRun()
    {
        if (Query["fieldValidation"] is { } wish && wish is not ("" or "Ignore" or "Strict" or "Warn"))
        {
            throw ApiFailure.Invalid("meta.k8s.io", OptionsKind(), "",
                [FieldError.NotSupported("fieldValidation", JsonValue.Create(wish), ["", "Ignore", "Strict", "Warn"])]);
        }
        foreach (var (name, value) in Query.Pairs)
        {
            if (name != "dryRun") continue;
            if (value == "All") IsDryRun = true;
            else
            {
                throw ApiFailure.Invalid("meta.k8s.io", OptionsKind(), "",
                    [FieldError.NotSupported("dryRun", new JsonArray(value), ["All"])]);
            }
        }
    }

    /// <summary>The same request for one object of the collection.</summary>
    public ResourceRequest For(string space, string name, string? subresource = null) => new()
    {
        Http = Http, Resource = Resource, Type = Type, User = User, Accept = Accept, IsDryRun = IsDryRun,
        Target = Target with { Namespace = space, Name = name, Subresource = subresource ?? Subresource },
    };

    /// <summary>The same request as one for a part of another resource's object.</summary>
    public ResourceRequest Of(ServedResource resource, string name, string subresource) => new()
    {
        Http = Http, Resource = resource, Type = resource.Versions[0], User = User, Accept = Accept, IsDryRun =
            IsDryRun,
        Target = Target with { Resource = resource.Resource, Name = name, Subresource = subresource },
    };

    public void SetDryRun() => IsDryRun = true;

    public AdmissionRequest Admission(AdmissionOperation operation, JsonObject? item, JsonObject? old) => new()
    {
        Type = Type,
        Subresource = Subresource,
        Operation = operation,
        Name = Name.Length > 0 ? Name : item?.Map("metadata")?.Text("name") ?? "",
        Namespace = Namespace,
        Object = item,
        OldObject = old,
        DryRun = IsDryRun,
        User = User,
        Options = new JsonObject
        {
            ["kind"] = OptionsKind(), ["apiVersion"] = "meta.k8s.io/v1",
        },
    };

    private string OptionsKind() => Target.Verb switch
    {
        "create" => "CreateOptions", "update" => "UpdateOptions", "patch" => "PatchOptions", _ => "DeleteOptions",
    };

    private string Agent()
    {
        var agent = Http.Header("User-Agent") ?? "";
        var end = agent.IndexOfAny(['/', ' ']);
        var name = end < 0 ? agent : agent[..end];
        return name.Length == 0 ? "unknown" : name.Length > 128 ? name[..128] : name;
    }
}
