using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Spillway.Kubernetes;

/// <summary>Kubeconfig files as written, merged as kubectl does: the first file that names a thing wins.</summary>
internal sealed class KubeconfigFile
{
    private readonly Dictionary<string, Entry> _clusters = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Entry> _users = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Entry> _contexts = new(StringComparer.Ordinal);
    private readonly List<string> _files = [];
    private string? _current;

    /// <summary>One named entry and the folder that its relative paths start from.</summary>
    private sealed record Entry(YamlMappingNode Node, string Folder);

    public static KubeconfigFile Read(IEnumerable<string> files, bool mustExist)
    {
        var merged = new KubeconfigFile();
        foreach (var file in files)
        {
            merged._files.Add(file);
            if (File.Exists(file)) merged.Add(file);
            else if (mustExist) throw new KubeconfigException($"{file} does not exist.");
        }

        return merged;
    }

    public Kubeconfig Resolve(string? contextName)
    {
        var name = contextName ?? _current;
        if (string.IsNullOrEmpty(name))
            throw new KubeconfigException($"{Files}: no current-context is set. Choose one with --context.");
        var context = Find(_contexts, "context", name);
        var cluster = Find(_clusters, "cluster", Text(context.Node, "cluster") ?? "");
        var userName = Text(context.Node, "user");
        try
        {
            var reachable = Cluster(cluster);
            var user = string.IsNullOrEmpty(userName)
                ? new KubeUser() : User(Find(_users, "user", userName), reachable);
            return new Kubeconfig(reachable, user)
            {
                Context = name,
                Namespace = Text(context.Node, "namespace") is { Length: > 0 } ns ? ns : "default",
            };
        }
        catch (Exception broken) when (broken is KubeconfigException or IOException or FormatException)
        {
            throw new KubeconfigException($"{Files}, context {name}: {broken.Message}", broken);
        }
    }

    private string Files => string.Join(Path.PathSeparator, _files);

    private void Add(string file)
    {
        var stream = new YamlStream();
        try
        {
            using var reader = new StreamReader(file);
            stream.Load(reader);
        }
        catch (YamlException broken)
        {
            throw new KubeconfigException($"{file}:{broken.Start.Line}:{broken.Start.Column}: {broken.Message}", broken);
        }

        if (stream.Documents.Count == 0) return;
        if (stream.Documents[0].RootNode is not YamlMappingNode root)
            throw new KubeconfigException($"{file}: this is not a kubeconfig.");
        var folder = Path.GetDirectoryName(Path.GetFullPath(file)) ?? "/";
        Add(_clusters, root, ("clusters", "cluster"), folder);
        Add(_users, root, ("users", "user"), folder);
        Add(_contexts, root, ("contexts", "context"), folder);
        if (string.IsNullOrEmpty(_current)) _current = Text(root, "current-context");
    }

    private static void Add(
        Dictionary<string, Entry> known, YamlMappingNode root, (string List, string Item) key, string folder)
    {
        if (Child(root, key.List) is not YamlSequenceNode list) return;
        foreach (var item in list.OfType<YamlMappingNode>())
        {
            if (Text(item, "name") is { } name && Child(item, key.Item) is YamlMappingNode body)
                known.TryAdd(name, new Entry(body, folder));
        }
    }

    private Entry Find(Dictionary<string, Entry> known, string what, string name) =>
        known.TryGetValue(name, out var entry)
            ? entry
            : throw new KubeconfigException($"{Files}: there is no {what} \"{name}\".");

    private static KubeCluster Cluster(Entry entry)
    {
        var server = Text(entry.Node, "server");
        if (!Uri.TryCreate(server, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            throw new KubeconfigException($"the cluster's server \"{server}\" is no http or https address.");
        var authority = Content(entry, "certificate-authority");
        return new KubeCluster(uri)
        {
            Authorities = authority is null ? null : Pem.Authorities(authority),
            TlsServerName = Text(entry.Node, "tls-server-name"),
            SkipTlsVerification = Text(entry.Node, "insecure-skip-tls-verify") == "true",
            Proxy = Uri.TryCreate(Text(entry.Node, "proxy-url"), UriKind.Absolute, out var proxy) ? proxy : null,
        };
    }

    private static KubeUser User(Entry entry, KubeCluster cluster)
    {
        var certificate = Content(entry, "client-certificate");
        var key = Content(entry, "client-key");
        if (certificate is null != key is null)
            throw new KubeconfigException("client-certificate and client-key must be given together.");
        return new KubeUser
        {
            Certificate = certificate is null ? null : Pem.Pair(certificate, key!),
            Token = Text(entry.Node, "token"),
            TokenFile = Text(entry.Node, "tokenFile") is { } file ? Path.Combine(entry.Folder, file) : null,
            UserName = Text(entry.Node, "username"),
            Password = Text(entry.Node, "password"),
            Exec = Child(entry.Node, "exec") is YamlMappingNode exec ? Exec(exec, entry.Folder, cluster) : null,
        };
    }

    private static ExecPlugin Exec(YamlMappingNode node, string folder, KubeCluster cluster)
    {
        var command = Text(node, "command");
        if (string.IsNullOrEmpty(command)) throw new KubeconfigException("the user's exec names no command.");
        return new ExecPlugin(command.Contains('/') ? Path.Combine(folder, command) : command)
        {
            ApiVersion = Text(node, "apiVersion") ?? "client.authentication.k8s.io/v1",
            Arguments = Child(node, "args") is YamlSequenceNode args ? [.. args.Select(a => a.ToString())] : [],
            Environment = Child(node, "env") is YamlSequenceNode env
                ? [.. env.OfType<YamlMappingNode>().Select(
                    e => KeyValuePair.Create(Text(e, "name") ?? "", Text(e, "value") ?? ""))]
                : [],
            InstallHint = Text(node, "installHint"),
            InteractiveMode = Text(node, "interactiveMode") ?? "IfAvailable",
            Cluster = Text(node, "provideClusterInfo") == "true" ? cluster : null,
        };
    }

    /// <summary>Inline <c>KEY-data</c> (base64), else the file that KEY names, else null.</summary>
    private static string? Content(Entry entry, string key)
    {
        if (Text(entry.Node, key + "-data") is { Length: > 0 } data)
        {
            var bytes = new byte[data.Length];
            return Convert.TryFromBase64String(data, bytes, out var length)
                ? Encoding.UTF8.GetString(bytes, 0, length)
                : throw new KubeconfigException($"{key}-data is not base64.");
        }

        return Text(entry.Node, key) is { Length: > 0 } path
            ? File.ReadAllText(Path.Combine(entry.Folder, path)) : null;
    }

    private static YamlNode? Child(YamlMappingNode node, string key) =>
        node.Children.TryGetValue(new YamlScalarNode(key), out var child) ? child : null;

    private static string? Text(YamlMappingNode node, string key) =>
        Child(node, key) is YamlScalarNode { Value: { } value } scalar
            && !(scalar.Style == ScalarStyle.Plain && value is "null" or "~")
            ? value
            : null;
}
