// Makes the compact table of built-in types from the shapes of a running API server.
//
//   dotnet run eng/type-table/Generate.cs -- ../shared/data/openapi src/Spillway.ApiServer/Schema/types.txt.br
//
// The text has three sections, each introduced by a line that starts with '#'. Fields are separated by tabs.
//   #types      name, expression, attributes… ; then a line per field, indented by a space, with the same three parts
//   #resources  group, version, kind, resource, singular, namespaced, verbs, short names, categories, hash, type ;
//               then a line per subresource, indented: name, group, version, kind, verbs
//   #columns    group, version, resource, then name|type|format|priority for each column
// Expressions: s string, i integer, n number, b boolean, o object, x int-or-string, q quantity, ? anything,
// [e array of e, {e map of e, @name another type; ":format" may follow a scalar.
// Attributes: lt list type, lk list map keys, ps patch strategy, pk patch merge key, mt map type, d default,
// e enumeration, u unions, k group/version/kind, r required, z left out when it holds its zero value,
// a always there: with its default when it has one, null otherwise.
#:property PublishAot=false
#:property SpillwayAnalyzers=off
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;

// The shapes do not tell which optional scalars are pointers in the server's structs: a pointer keeps its zero, a value
// with "omitempty" drops it. Facts by field name, with the type where the name alone does not say.
var keptStrings = Set("""
    failurePolicy matchPolicy reinvocationPolicy scope parameterNotFoundAction url localhostProfile selectPolicy timeZone
    completionMode managedBy podReplacementPolicy succeededIndexes failedIndexes holderIdentity preferredHolder strategy
    cachingMode secretNamespace stopSignal ipMode volumeAttributesClassName volumeMode currentVolumeAttributesClassName
    resourceClaimName resourceClaimTemplateName fsGroupChangePolicy seLinuxChangePolicy supplementalGroupsPolicy
    preemptionPolicy runtimeClassName hostnameOverride procMount appProtocol internalTrafficPolicy ipFamilyPolicy
    loadBalancerClass trafficDistribution nodeAffinityPolicy nodeTaintsPolicy mountPropagation recursiveReadOnly
    gmsaCredentialSpec gmsaCredentialSpecName runAsUserName ingressClassName unhealthyPodEvictionPolicy fsGroupPolicy
    volumeBindingMode persistentVolumeName deprecationWarning labelSelectorPath propagationPolicy endpointsNamespace
    initiatorName service zone extendedResourceName $ref x-kubernetes-list-type x-kubernetes-map-type
    Container/restartPolicy EphemeralContainer/restartPolicy PodFailurePolicyOnExitCodesRequirement/containerName
    PersistentVolumeClaimSpec/storageClassName ClusterTrustBundleProjection/name ClusterTrustBundleProjection/signerName
    EndpointAddress/nodeName discovery.v1.EndpointPort/name discovery.v1.EndpointPort/protocol HostPathVolumeSource/type
    LocalVolumeSource/fsType AzureDiskVolumeSource/fsType PodDNSConfigOption/value TypedLocalObjectReference/apiGroup
    TypedObjectReference/apiGroup TypedObjectReference/namespace Endpoint/hostname Endpoint/nodeName
    IngressClassParametersReference/apiGroup IngressClassParametersReference/namespace NetworkPolicyPort/protocol
    StorageClass/reclaimPolicy ServiceReference/path Validation/reason ValidationRule/reason PortStatus/error
    IngressPortStatus/error Preconditions/uid Preconditions/resourceVersion DeviceAttribute/string DeviceAttribute/version
    Device/nodeName ResourceSliceSpec/nodeName DeviceConstraint/matchAttribute DeviceConstraint/distinctAttribute
    shareID PodSchedulingGroup/podGroupName NodeSwapStatus/capacity
    """);
var droppedIntegers = Set("""
    observedGeneration minReadySeconds numberAvailable numberUnavailable updatedNumberScheduled availableReplicas
    readyReplicas unavailableReplicas updatedReplicas fullyLabeledReplicas currentReplicas active failed succeeded sizeBytes
    hostPort signal count failureThreshold initialDelaySeconds periodSeconds successThreshold nodePort
    healthCheckNodePort deprecatedCount matchingPrecedence handSize queueLengthLimit queues number generation code
    retryAfterSeconds Probe/timeoutSeconds CustomResourceColumnDefinition/priority ScaleSpec/replicas
    DeploymentStatus/replicas AWSElasticBlockStoreVolumeSource/partition GCEPersistentDiskVolumeSource/partition
    """);
var keptIntegers = Set("HorizontalPodAutoscalerStatus/observedGeneration VolumeNodeResources/count");
var droppedBooleans = Set("""
    paused denied authenticated readOnly stdin stdinOnce tty chapAuthDiscovery chapAuthSession unschedulable hostIPC
    hostNetwork hostPID sslEnabled publishNotReadyAddresses clusterScope globalDefault preserveUnknownFields deprecated
    exclusiveMaximum exclusiveMinimum nullable uniqueItems x-kubernetes-embedded-resource x-kubernetes-int-or-string
    insecureSkipTLSVerify
    """);
var keptBooleans = Set("AzureDiskVolumeSource/readOnly");
// Optional by their marker, yet written without "omitempty".
var alwaysThere = Set("""
    StatefulSetStatus/availableReplicas StatefulSetSpec/serviceName core.v1.Event/reportingComponent
    core.v1.Event/reportingInstance TokenRequestStatus/token RoleRef/apiGroup PriorityClass/value
    PodDisruptionBudgetStatus/currentHealthy PodDisruptionBudgetStatus/desiredHealthy
    PodDisruptionBudgetStatus/disruptionsAllowed PodDisruptionBudgetStatus/expectedPods discovery.v1.EndpointSlice/ports
    discovery.v1.EndpointSlice/endpoints
    rbac.v1.Role/rules rbac.v1.ClusterRole/rules CustomResourceDefinitionStatus/conditions
    CustomResourceDefinitionStatus/storedVersions core.v1.Event/firstTimestamp core.v1.Event/lastTimestamp
    core.v1.Event/eventTime EventSeries/lastObservedTime ContainerStateRunning/startedAt
    autoscaling.v2.HorizontalPodAutoscalerStatus/currentMetrics ContainerStateTerminated/startedAt ContainerStateTerminated/finishedAt
    """);

var source = args[0];
var target = args[1];
var swagger = Read(Path.Combine(source, "swagger-v2.json.gz"));
var definitions = swagger["definitions"]!.AsObject();
var defaults = Defaults();
var text = new StringBuilder("#types\n");
foreach (var (name, node) in definitions.OrderBy(d => d.Key, StringComparer.Ordinal)) WriteType(name, node!.AsObject());
text.Append("#resources\n");
WriteResources();
text.Append("#columns\n");
WriteColumns();
using (var file = File.Create(target))
using (var brotli = new BrotliStream(file, CompressionLevel.SmallestSize))
    brotli.Write(Encoding.UTF8.GetBytes(text.ToString()));
Console.WriteLine($"{text.Length} characters, {new FileInfo(target).Length} bytes in {target}");

static JsonNode Read(string path)
{
    using var file = File.OpenRead(path);
    using var gzip = new GZipStream(file, CompressionMode.Decompress);
    return JsonNode.Parse(gzip)!;
}

// Only the v3 documents carry defaults.
Dictionary<string, JsonNode> Defaults()
{
    var found = new Dictionary<string, JsonNode>(StringComparer.Ordinal);
    foreach (var file in Directory.GetFiles(source, "api*__v*.json.gz"))
    {
        if (Read(file)["components"]?["schemas"] is not JsonObject schemas) continue;
        foreach (var (type, schema) in schemas)
            foreach (var (field, property) in schema!["properties"]?.AsObject() ?? [])
            {
                if (property!["default"] is { } value) found[type + "/" + field] = value;
                if (property["items"]?["default"] is { } item) found[type + "/" + field + "[]"] = item;
                if (property["additionalProperties"] is JsonObject values && values["default"] is { } entry)
                    found[type + "/" + field + "{}"] = entry;
            }
    }
    return found;
}

void WriteType(string name, JsonObject type)
{
    text.Append(name).Append('\t').Append(Expression(name, type));
    Attributes(type);
    var kinds = type["x-kubernetes-group-version-kind"]?.AsArray() ?? [];
    // DeleteOptions and WatchEvent list every group; the first says enough.
    if (kinds.Count > 0)
        text.Append($"\tk={kinds[0]!["group"]}/{kinds[0]!["version"]}/{kinds[0]!["kind"]}");
    text.Append('\n');
    var required = (type["required"]?.AsArray() ?? []).Select(r => (string)r!).ToHashSet(StringComparer.Ordinal);
    foreach (var (field, property) in type["properties"]?.AsObject() ?? [])
    {
        text.Append(' ').Append(field).Append('\t').Append(Expression("", property!.AsObject()));
        Attributes(property!.AsObject());
        if (required.Contains(field)) text.Append("\tr");
        if (AlwaysThere(name, field, property!.AsObject(), required.Contains(field))) text.Append("\ta");
        else if (!required.Contains(field) && DropsZero(name, field, property!.AsObject())) text.Append("\tz");
        foreach (var (suffix, key) in new[] { ("", "d"), ("[]", "di"), ("{}", "dv") })
            if (defaults.TryGetValue(name + "/" + field + suffix, out var value))
                text.Append('\t').Append(key).Append('=').Append(value.ToJsonString());
        text.Append('\n');
    }
}

// A struct by value, a scalar or list without "omitempty", and a time by value are written whatever they hold.
bool AlwaysThere(string type, string field, JsonObject schema, bool required)
{
    if (alwaysThere.Any(n => (type + "/" + field).EndsWith("." + n, StringComparison.Ordinal)))
        return true;
    var reference = (string?)schema["$ref"] ?? "";
    if (reference.EndsWith(".Time", StringComparison.Ordinal)) return type.EndsWith("Condition", StringComparison.Ordinal);
    var hasDefault = defaults.TryGetValue(type + "/" + field, out var value);
    if (hasDefault && value is JsonObject) return reference.Length > 0 && definitions[reference["#/definitions/".Length..]]!["properties"] is not null;
    return required && (hasDefault || (string?)schema["type"] is "array" or "object" || reference.EndsWith(".LabelSelector", StringComparison.Ordinal));
}

bool DropsZero(string type, string field, JsonObject schema)
{
    bool Listed(HashSet<string> names) =>
        names.Contains(field) || names.Any(n => n.Contains('/') && (type + "/" + field).EndsWith("." + n, StringComparison.Ordinal));
    return (string?)schema["type"] switch
    {
        "string" => !Listed(keptStrings),
        "integer" => Listed(droppedIntegers) && !Listed(keptIntegers),
        "boolean" => Listed(droppedBooleans) && !Listed(keptBooleans),
        "array" or "object" => true,
        _ => false,
    };
}

static HashSet<string> Set(string words) =>
    [.. words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)];

void Attributes(JsonObject schema)
{
    void Write(string key, string extension)
    {
        if (schema["x-kubernetes-" + extension] is not { } value) return;
        text.Append('\t').Append(key).Append('=');
        text.Append(value is JsonArray list && key != "u"
            ? string.Join(',', list.Select(v => (string)v!))
            : key == "u" ? value.ToJsonString() : (string)value!);
    }
    Write("lt", "list-type");
    Write("lk", "list-map-keys");
    Write("ps", "patch-strategy");
    Write("pk", "patch-merge-key");
    Write("mt", "map-type");
    Write("u", "unions");
    if (schema["enum"] is JsonArray allowed) text.Append("\te=").AppendJoin('|', allowed.Select(v => (string)v!));
}

string Expression(string name, JsonObject schema)
{
    if (name.EndsWith(".Quantity", StringComparison.Ordinal)) return "q";
    if (name.EndsWith(".IntOrString", StringComparison.Ordinal)) return "x";
    if ((string?)schema["$ref"] is { } reference) return "@" + reference["#/definitions/".Length..];
    var format = (string?)schema["format"] is { } f ? ":" + f : "";
    return (string?)schema["type"] switch
    {
        "string" => "s" + format,
        "integer" => "i" + format,
        "number" => "n" + format,
        "boolean" => "b",
        "array" => "[" + Expression("", schema["items"]!.AsObject()),
        "object" when schema["additionalProperties"] is JsonObject values => "{" + Expression("", values),
        "object" => "o",
        null => "?",
        var other => throw new InvalidDataException($"type {other} is new: teach the generator"),
    };
}

void WriteResources()
{
    var byKind = new Dictionary<string, string>(StringComparer.Ordinal);
    foreach (var (name, node) in definitions)
        if (node!["x-kubernetes-group-version-kind"] is JsonArray { Count: > 0 } kinds)
            byKind[$"{kinds[0]!["group"]}/{kinds[0]!["version"]}/{kinds[0]!["kind"]}"] = name;
    foreach (var (path, list) in Read(Path.Combine(source, "discovery.json.gz")).AsObject())
    {
        var (group, version) = Split(path);
        var all = list!["resources"]!.AsArray();
        foreach (var resource in all.Where(r => !((string)r!["name"]!).Contains('/')))
        {
            var name = (string)resource!["name"]!;
            var kind = (string)resource["kind"]!;
            text.AppendJoin('\t', group, version, kind, name, (string)resource["singularName"]!,
                (bool)resource["namespaced"]! ? "1" : "0", List(resource["verbs"]), List(resource["shortNames"]),
                List(resource["categories"]), (string?)resource["storageVersionHash"] ?? "",
                byKind[$"{group}/{version}/{kind}"]).Append('\n');
            foreach (var sub in all.Where(r => ((string)r!["name"]!).StartsWith(name + "/", StringComparison.Ordinal)))
                text.Append(' ').AppendJoin('\t', ((string)sub!["name"]!)[(name.Length + 1)..],
                    (string?)sub["group"] ?? group, (string?)sub["version"] ?? version, (string)sub["kind"]!,
                    List(sub["verbs"])).Append('\n');
        }
    }
}

void WriteColumns()
{
    foreach (var (path, columns) in JsonNode.Parse(File.ReadAllText(Path.Combine(source, "tables.json")))!.AsObject())
    {
        var (group, version) = Split(path[..path.LastIndexOf('/')]);
        text.AppendJoin('\t', group, version, path[(path.LastIndexOf('/') + 1)..]);
        foreach (var column in columns!.AsArray())
            text.Append('\t').AppendJoin('|', (string)column!["name"]!, (string)column["type"]!,
                (string)column["format"]!, ((int)column["priority"]!).ToString());
        text.Append('\n');
    }
}

static (string Group, string Version) Split(string path)
{
    var parts = path.Trim('/').Split('/');
    return parts[0] == "api" ? ("", parts[1]) : (parts[1], parts[2]);
}

static string List(JsonNode? node) => string.Join(',', (node?.AsArray() ?? []).Select(v => (string)v!));
