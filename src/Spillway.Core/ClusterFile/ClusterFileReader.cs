using System.Text.Json.Nodes;
using Spillway.Core.ClusterFile.Checks;
using Spillway.Core.ClusterFile.Shapes;
using Spillway.Core.ClusterFile.Variations;
using Spillway.Core.ClusterFile.Yaml;
using Spillway.Core.Quantities;

namespace Spillway.Core.ClusterFile;

/// <summary>
/// Reads cluster files and workload files: whatever can be read is read, and all that is wrong is said in one go.
/// </summary>
public static class ClusterFileReader
{
    /// <summary>Nobody writes more by hand; callers check a file's length before they load it.</summary>
    public const int MaxFileBytes = 16 * 1024 * 1024;

    private static readonly string[] KindsWithoutSchema =
        ["Workspace", "App", "Filler", "Benchmark", "ClusterTemplate"];

    /// <summary>A cluster folder or file with its workload: needs exactly one Cluster document.</summary>
    public static ClusterFileResult ReadCluster(IReadOnlyList<SourceFile> files) => ReadCluster(files, []);

    /// <summary>The same with the Cluster document changed before anything of it is read or checked.</summary>
    public static ClusterFileResult ReadCluster(
        IReadOnlyList<SourceFile> files, IReadOnlyList<ClusterChange> changes) =>
        Read(files, needsCluster: true, changes);

    /// <summary>Workload files: a Cluster document is not needed, and what there is counts.</summary>
    public static ClusterFileResult ReadWorkload(IReadOnlyList<SourceFile> files) =>
        Read(files, needsCluster: false, []);

    /// <summary>The answer to a file whose length alone is too much; nothing of it needs to be loaded.</summary>
    public static Diagnostic TooLarge(string file, long bytes) =>
        new(DiagnosticCodes.TooLarge, DiagnosticSeverity.Error, new SourcePlace(file, 0, 0),
            $"the file has {bytes / (1024 * 1024)} MiB, and at most {MaxFileBytes / (1024 * 1024)} MiB are read",
            "split it, or apply a generated workload with kubectl");

    private static ClusterFileResult Read(
        IReadOnlyList<SourceFile> files, bool needsCluster, IReadOnlyList<ClusterChange> changes)
    {
        var problems = new Problems();
        var reading = new Reading(problems, changes);
        foreach (var file in files)
        {
            if (file.Content.Length > MaxFileBytes)
            {
                var tooLarge = TooLarge(file.Name, file.Content.Length);
                problems.Error(tooLarge.Code, tooLarge.Place, tooLarge.Message, tooLarge.Suggestion);
            }
            else if (YamlText.Decode(file, problems) is { } text)
            {
                foreach (var chunk in YamlText.Split(text))
                    reading.Document(new YamlTreeReader(problems, file.Name, chunk.LineOffset).Read(chunk.Text));
            }
        }

        // A document that could not be read may well have been the Cluster: no need to add that there is none.
        if (needsCluster && reading.Cluster is null && !problems.HasErrors)
            problems.Error(DiagnosticCodes.NoCluster, new SourcePlace(files.Count > 0 ? files[0].Name : "", 0, 0),
                "no document has kind: Cluster", "begin one with 'apiVersion: spillway.dev/v1' and 'kind: Cluster'");
        if (reading.Cluster is { } cluster)
            ClusterChecks.Run(new ClusterModel(cluster, reading.Accelerators), problems);
        AcceleratorChecks.Duplicates(reading.Accelerators, problems);

        return new ClusterFileResult
        {
            Cluster = reading.Cluster,
            Accelerators = reading.Accelerators,
            SpillwayDocuments = reading.Spillway,
            KubernetesDocuments = reading.Kubernetes,
            Diagnostics = problems.Sorted(files),
        };
    }

    private sealed class Reading(Problems problems, IReadOnlyList<ClusterChange> changes)
    {
        private readonly Dictionary<string, SourcePlace> seen = new(StringComparer.Ordinal);
        private SourcePlace? clusterPlace;

        public Cluster? Cluster { get; private set; }

        public List<Accelerator> Accelerators { get; } = [];

        public List<FileDocument> Spillway { get; } = [];

        public List<FileDocument> Kubernetes { get; } = [];

        public void Document(YamlNode? root)
        {
            if (root is null)
                return;
            if (root is not YamlMapping mapping)
            {
                problems.Error(DiagnosticCodes.NotADocument, root.Place,
                    $"a document is a mapping that begins with apiVersion and kind, not {root.Describe()}");
                return;
            }

            var version = Text(mapping, "apiVersion", "spillway.dev/v1");
            var kind = Text(mapping, "kind", "Cluster");
            if (version is null || kind is null)
                return;
            var group = version.Contains('/') ? version[..version.IndexOf('/')] : "";
            if (group == "spillway.dev")
                SpillwayDocument(mapping, version, kind);
            else if (version == "v1" && kind == "List" && mapping.Find("items")?.Value is YamlSequence items)
                items.Items.ToList().ForEach(Document);
            else
                KubernetesDocument(mapping, version, kind);
        }

        private string? Text(YamlMapping mapping, string key, string example)
        {
            var entry = mapping.Find(key);
            if (entry?.Value is YamlScalar { IsNull: false, Value.Length: > 0 } scalar)
                return scalar.Value;
            var close = Spelling.Closest(key, mapping.Entries.Select(other => other.Key));
            problems.Error(DiagnosticCodes.NotADocument, entry?.Value.Place ?? mapping.Place,
                $"the document has no {key}",
                entry is null && close is not null ? $"did you mean '{key}' by '{close}'?" : $"add {key}: {example}");
            return null;
        }

        private void KubernetesDocument(YamlMapping mapping, string version, string kind)
        {
            var metadata = mapping.Find("metadata")?.Value as YamlMapping;
            var name = ScalarOf(metadata, "name") ?? ScalarOf(metadata, "generateName");
            if (name is null)
            {
                problems.Error(DiagnosticCodes.NotADocument, metadata?.Place ?? mapping.Place,
                    $"this {kind} has no metadata.name", "add metadata: {name: …}");
                return;
            }

            var space = ScalarOf(metadata, "namespace");
            var isNamed = ScalarOf(metadata, "name") is not null;
            if (isNamed && !seen.TryAdd($"{version} {kind} {space ?? "default"}/{name}", mapping.Place))
                problems.Warning(DiagnosticCodes.DuplicateName, metadata?.Find("name")?.Value.Place ?? mapping.Place,
                    $"there are two of {kind} {name}; the first is at "
                    + seen[$"{version} {kind} {space ?? "default"}/{name}"], "the later one counts");
            if (YamlJson.Convert(mapping, problems) is JsonObject json)
                Kubernetes.Add(new FileDocument(
                    version, kind, space, name, json, mapping.Place));
        }

        private void SpillwayDocument(YamlMapping mapping, string version, string kind)
        {
            if (version != FileDocument.SpillwayApiVersion)
            {
                problems.Error(DiagnosticCodes.UnknownVersion, mapping.Find("apiVersion")!.Value.Place,
                    $"'{version}' does not exist", $"write {FileDocument.SpillwayApiVersion}");
                return;
            }

            if (kind is not ("Cluster" or "Accelerator") && !KindsWithoutSchema.Contains(kind))
            {
                string[] kinds = ["Cluster", "Accelerator", .. KindsWithoutSchema];
                var close = Spelling.Closest(kind, kinds);
                problems.Error(DiagnosticCodes.UnknownKind, mapping.Find("kind")!.Value.Place,
                    $"there is no kind '{kind}'",
                    close is null ? $"the kinds are {string.Join(", ", kinds)}" : $"did you mean '{close}'?");
                return;
            }

            if (kind == "Cluster")
                mapping = changes.Aggregate(
                    mapping, (document, change) => ClusterEdit.Apply(document, change, problems));
            CheckTopLevel(mapping, kind);
            var metadata = mapping.Find("metadata")?.Value as YamlMapping;
            var name = NameOf(mapping, metadata, kind);
            var spec = mapping.Find("spec")?.Value ?? new YamlMapping(mapping.Place, []);
            if (kind == "Cluster")
                ReadCluster(mapping, name, spec);
            else if (kind == "Accelerator")
                ReadAccelerator(name, spec);
            else
                problems.Info(DiagnosticCodes.NotUsedYet, mapping.Place,
                    $"{kind} '{name}' is stored as it is written; this version does not act on it yet");

            if (name is not null && YamlJson.Convert(mapping, problems) is JsonObject json)
                Spillway.Add(new FileDocument(
                    version, kind, ScalarOf(metadata, "namespace"), name, json, mapping.Place));
        }

        private void CheckTopLevel(YamlMapping mapping, string kind)
        {
            string[] known = ["apiVersion", "kind", "metadata", "spec"];
            foreach (var entry in mapping.Entries.Where(entry => !known.Contains(entry.Key) && entry.Key != "status"))
            {
                var close = Spelling.Closest(entry.Key, known);
                problems.Error(DiagnosticCodes.UnknownKey, entry.KeyPlace, $"unknown key '{entry.Key}' in {kind}",
                    close is null
                        ? "a document has apiVersion, kind, metadata and spec; settings go under spec"
                        : $"did you mean '{close}'?");
            }

            if (mapping.Find("metadata")?.Value is not YamlMapping metadata)
                return;
            known = ["name", "namespace", "labels", "annotations"];
            foreach (var entry in metadata.Entries.Where(entry => !known.Contains(entry.Key)))
            {
                var close = Spelling.Closest(entry.Key, known);
                problems.Error(DiagnosticCodes.UnknownKey, entry.KeyPlace, $"unknown key '{entry.Key}' in metadata",
                    close is null ? $"known keys: {string.Join(", ", known)}" : $"did you mean '{close}'?");
            }
        }

        private string? NameOf(YamlMapping mapping, YamlMapping? metadata, string kind)
        {
            var entry = metadata?.Find("name");
            if (entry is null)
            {
                problems.Error(DiagnosticCodes.MissingKey, metadata?.Place ?? mapping.Place,
                    $"this {kind} has no metadata.name", "add metadata: {name: …}");
                return null;
            }

            var shape = kind == "Cluster" ? Scalars.LabelName : Scalars.Name;
            return shape.TryRead(entry.Value, problems, out var name) ? name : null;
        }

        private void ReadCluster(YamlMapping mapping, string? name, YamlNode spec)
        {
            if (clusterPlace is { } first)
            {
                problems.Error(DiagnosticCodes.SecondCluster, mapping.Place,
                    $"this is the second Cluster; the first is at {first}", "put each cluster in a folder of its own");
                return;
            }

            clusterPlace = mapping.Place;
            if (ClusterShapes.Cluster.TryRead(spec, problems, out var cluster))
                Cluster = cluster with { Name = name ?? "" };
        }

        private void ReadAccelerator(string? name, YamlNode spec)
        {
            if (!ClusterShapes.Accelerator.TryRead(spec, problems, out var accelerator) || name is null)
                return;
            var resource = accelerator.Resource.Length > 0 ? accelerator.Resource : Accelerator.ResourcePrefix + name;
            if (!KubernetesNames.IsQualifiedName(resource))
                problems.Error(DiagnosticCodes.Malformed, accelerator.Places.Start,
                    $"'{resource}' is too long for a resource name", "shorten the name, or say resource: vendor/name");
            Accelerators.Add(accelerator with { Name = name, Resource = resource });
        }

        private static string? ScalarOf(YamlMapping? mapping, string key) =>
            mapping?.Find(key)?.Value is YamlScalar { IsNull: false, Value.Length: > 0 } scalar ? scalar.Value : null;
    }
}
