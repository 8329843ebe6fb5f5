using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Spillway.Tests.Clients;

/// <summary>kubectl's commands against <c>spillway up</c>: whichever kubectl is on the machine, as its users type it.</summary>
[Collection(ClientTests.Name)]
public sealed partial class KubectlTests(RunningCluster cluster) : IAsyncLifetime
{
    private const string Deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers: [{name: c, image: "nginx:1", resources: {requests: {cpu: 10m, memory: 8Mi}}}]
        """;

    private static readonly string Kubectl =
        Environment.GetEnvironmentVariable("SPILLWAY_KUBECTL") ?? "/usr/bin/kubectl";

    private readonly string ns = $"kubectl-{Environment.TickCount64:x}";

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Kubectl)) Assert.Skip("no kubectl on this machine: ./test installs it where it may");
        await SaysAsync($"create namespace {ns}", "created");
    }

    public async ValueTask DisposeAsync() => await cluster.RunAsync(
        Kubectl, ["delete", "namespace", ns, "--ignore-not-found", "--wait=false"]);

    [Fact]
    public async Task A_deployment_is_applied_changed_rolled_back_and_deleted()
    {
        await SaysAsync("apply -f -", "deployment.apps/web created", Deployment);
        await SaysAsync("rollout status deploy/web --timeout=60s", "successfully rolled out");
        await SaysAsync("wait --for=condition=Available deploy/web --timeout=60s", "condition met");
        await SaysAsync("diff -f -", "", Deployment);
        await RefusedAsync("diff -f -", "replicas: 3", Deployment.Replace("replicas: 2", "replicas: 3"));
        await SaysAsync("set image deploy/web c=nginx:2", "image updated");
        await SaysAsync("set env deploy/web A=B", "env updated");
        await SaysAsync("set resources deploy/web --limits=cpu=200m", "requirements updated");
        await SaysAsync("rollout restart deploy/web", "restarted");
        await SaysAsync("rollout status deploy/web --timeout=60s", "successfully rolled out");
        await SaysAsync("rollout pause deploy/web", "paused");
        await SaysAsync("rollout resume deploy/web", "resumed");
        await SaysAsync("rollout history deploy/web", "REVISION");
        await SaysAsync("rollout undo deploy/web --to-revision=1", "rolled back");
        await SaysAsync("rollout status deploy/web --timeout=60s", "successfully rolled out");
        await SaysAsync("get deploy web -o jsonpath={.spec.template.spec.containers[0].image}", "nginx:1");
        await SaysAsync("scale deploy/web --replicas=3", "scaled");
        await SaysAsync("expose deploy/web --port=80", "exposed");
        await SaysAsync("autoscale deploy/web --min=1 --max=5 --cpu-percent=50", "autoscaled");
        await SaysAsync("delete deploy web --timeout=60s", "deleted");
    }

    [Fact]
    public async Task The_editor_changes_what_is_right_and_keeps_what_is_wrong_out()
    {
        await SaysAsync("apply -f -", "created", Deployment);

        await SaysAsync("edit deploy/web", "edited", editor: "sed -i s/replicas:.2/replicas:\\ 4/");
        await SaysAsync("get deploy web -o jsonpath={.spec.replicas}", "4");
        await RefusedAsync("edit deploy/web", "is invalid", editor: "sed -i s/replicas:.4/replicas:\\ -4/");
        await SaysAsync("edit deploy/web", "", editor: "true");
    }

    [Fact]
    public async Task Fields_have_owners_who_are_asked_before_they_are_taken_over()
    {
        await SaysAsync("apply --server-side -f -", "serverside-applied", Deployment);
        await SaysAsync("scale deploy/web --replicas=5", "scaled");

        await RefusedAsync("apply --server-side -f -", ".spec.replicas", Deployment);
        await SaysAsync("apply --server-side --force-conflicts -f -", "serverside-applied", Deployment);
        await RefusedAsync("apply --server-side --field-manager=other -f -", "conflict with \"kubectl\"",
            Deployment.Replace("replicas: 2", "replicas: 3"));
        await SaysAsync("replace --force -f -", "replaced", Deployment);
    }

    [Fact]
    public async Task Each_kind_of_patch_is_taken()
    {
        await SaysAsync("apply -f -", "created", Deployment);

        await SaysAsync(["patch", "deploy", "web", "-p",
            """{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"nginx:9"}]}}}}"""], "patched");
        await SaysAsync(["patch", "deploy", "web", "--type=merge", "-p", """{"spec":{"replicas":1}}"""], "patched");
        await SaysAsync(["patch", "deploy", "web", "--type=json", "-p",
            """[{"op":"replace","path":"/spec/replicas","value":0}]"""], "patched");
        await SaysAsync("get deploy web -o jsonpath={.spec.replicas}{.spec.template.spec.containers[*].image}",
            "0nginx:9");
    }

    [Fact]
    public async Task A_definition_and_its_objects_are_made_explained_and_refused()
    {
        var group = ns + ".example.com";
        var definition = $$"""
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: tabs.{{group}} }
            spec:
              group: {{group}}
              scope: Namespaced
              names: {plural: tabs, singular: tab, kind: Tab}
              versions:
                - name: v1
                  served: true
                  storage: true
                  additionalPrinterColumns: [{name: Every, type: string, jsonPath: .spec.every}]
                  schema:
                    openAPIV3Schema:
                      type: object
                      properties:
                        spec:
                          type: object
                          required: [every]
                          properties: {every: {type: string, pattern: '^\d+m$'} }
            """;
        var tab = $"{{apiVersion: {group}/v1, kind: Tab, metadata: {{name: t}}, spec: {{every: 5m}}}}";

        await SaysAsync("create -f -", "created", definition);
        await SaysAsync($"wait --for=condition=Established crd/tabs.{group} --timeout=60s", "condition met");
        await SaysAsync("apply -f -", "created", tab);
        await RefusedAsync("apply -f -", "spec.every", tab.Replace("5m", "soon"));
        (await SaysAsync("get tabs", "EVERY")).ShouldContain("5m");
        await SaysAsync($"explain tabs.spec --api-version={group}/v1", "every");
        await SaysAsync($"delete crd tabs.{group}", "deleted");
    }

    [Fact]
    public async Task Nodes_are_cordoned_tainted_labelled_drained_and_measured()
    {
        await SaysAsync("apply -f -", "created", Deployment);
        await SaysAsync("rollout status deploy/web --timeout=60s", "successfully rolled out");

        await SaysAsync("cordon box-b", "cordoned");
        await SaysAsync("get node box-b", "SchedulingDisabled");
        await SaysAsync("taint node box-b a=b:NoSchedule", "tainted");
        await SaysAsync("taint node box-b a:NoSchedule-", "untainted");
        await SaysAsync("label node box-b disk=ssd", "labeled");
        await SaysAsync("annotate node box-b note=x", "annotate");
        await SaysAsync($"drain box-b --ignore-daemonsets --force --timeout=60s --pod-selector=app=web", "drained");
        await SaysAsync("uncordon box-b", "uncordoned");
        await SaysAsync("top nodes", "box-a");
        (await SaysAsync("describe node box-a", "Allocatable")).ShouldContain("Non-terminated Pods");
    }

    [Fact]
    public async Task What_needs_a_kubelet_is_refused_in_one_line_and_what_does_not_works()
    {
        await SaysAsync("run solo --image=busybox --restart=Never", "created");
        await SaysAsync("wait --for=condition=Ready pod/solo --timeout=60s", "condition met");

        (await SaysAsync("logs solo", "solo")).ShouldContain("started");
        await RefusedAsync("exec solo -- ls", "needs a real kubelet");
        await RefusedAsync("cp solo:/etc/hostname hostname", "needs a real kubelet");
        await RefusedAsync("attach solo", "needs a real kubelet");
        await RefusedAsync("port-forward solo :80", "needs a real kubelet");
        await SaysAsync("get events", "Scheduled");
        (await SaysAsync("describe pod solo", "Started")).ShouldContain("Successfully assigned");
        await SaysAsync("delete pod solo --grace-period=0 --force", "force deleted");
    }

    [Fact]
    public async Task A_user_is_certified_bound_and_held_to_the_role()
    {
        var request = await CertificateRequestAsync();
        await SaysAsync("apply -f -", "created", $$"""
            apiVersion: certificates.k8s.io/v1
            kind: CertificateSigningRequest
            metadata: {name: {{ns}}}
            spec: {request: {{request}}, signerName: kubernetes.io/kube-apiserver-client, usages: [client auth]}
            """);
        await SaysAsync($"certificate approve {ns}", "approved");
        await EventuallyAsync($"get csr {ns}", "Approved,Issued");
        await SaysAsync("create role r --verb=list --resource=pods", "created");
        await SaysAsync("create rolebinding rb --role=r --user=jane", "created");
        await SaysAsync("auth can-i list pods --as=jane", "yes");
        await RefusedAsync("auth can-i delete pods --as=jane", "no");
        await RefusedAsync("get secrets --as=jane", "Forbidden");
        await SaysAsync("auth reconcile -f -", "reconciled", $$"""
            {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: {{ns}}},
             rules: [{apiGroups: [""], resources: [pods], verbs: [list, watch]}]}
            """);
        await SaysAsync($"delete csr {ns}", "deleted");
    }

    [Fact]
    public async Task Sets_of_files_are_built_pruned_and_dumped()
    {
        var maps = "{apiVersion: v1, kind: ConfigMap, metadata: {name: one, labels: {set: x}}}\n---\n"
            + "{apiVersion: v1, kind: ConfigMap, metadata: {name: two, labels: {set: x}}}\n";
        cluster.Write("web.yaml", Deployment);
        cluster.Write("kustomization.yaml",
            "namePrefix: k-\nresources: [web.yaml]\nconfigMapGenerator: [{name: made, literals: [a=b]}]\n");

        // Before 1.26 kubectl prunes by a list of kinds that no server has any more.
        var version = Minor().Match(await SaysAsync("version --client -o json", "gitVersion")).Groups[1].Value;
        if (int.Parse(version, CultureInfo.InvariantCulture) >= 26)
        {
            await SaysAsync("apply -f - --prune -l set=x", "two created", maps);
            await SaysAsync("apply -f - --prune -l set=x", "two pruned", maps.Split("---")[0]);
        }
        await SaysAsync("apply -k .", "k-web created");
        await SaysAsync("delete -k .", "\"k-web\" deleted");
        (await SaysAsync($"cluster-info dump --namespaces={ns}", "\"kind\"")).Length.ShouldBeGreaterThan(1000);
        await SaysAsync("api-resources", "pools");
        await SaysAsync("api-versions", "spillway.dev/v1");
        await SaysAsync("get --raw /readyz", "ok");
    }

    private Task<string> SaysAsync(string line, string expected, string? input = null, string? editor = null) =>
        SaysAsync(line.Split(' '), expected, input, editor);

    private async Task<string> SaysAsync(string[] args, string expected, string? input = null, string? editor = null)
    {
        var (code, output, error) = await RunAsync(args, input, editor);
        code.ShouldBe(0, $"kubectl {string.Join(' ', args)}: {output}{error}");
        output.ShouldContain(expected, Case.Sensitive, $"kubectl {string.Join(' ', args)}: {error}");
        return output;
    }

    private async Task RefusedAsync(string line, string expected, string? input = null, string? editor = null)
    {
        var (code, output, error) = await RunAsync(line.Split(' '), input, editor);
        code.ShouldNotBe(0, $"kubectl {line}: {output}{error}");
        (output + error).ShouldContain(expected, Case.Sensitive, $"kubectl {line}");
    }

    private async Task EventuallyAsync(string line, string expected)
    {
        for (var tries = 0; ; tries++)
        {
            var (_, output, error) = await RunAsync(line.Split(' '), null, null);
            if (output.Contains(expected, StringComparison.Ordinal)) return;
            if (tries == 100) throw new ShouldAssertException($"kubectl {line} never said {expected}: {output}{error}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    private async Task<(int, string, string)> RunAsync(string[] args, string? input, string? editor)
    {
        var named = args[0] is "diff" or "edit" || !args.Contains("namespace") ? (string[])["-n", ns] : [];
        var split = Array.IndexOf(args, "--");
        string[] all = split < 0 ? [.. args, .. named] : [.. args[..split], .. named, .. args[split..]];
        // kubectl takes a text that begins with a brace for JSON.
        if (input is ['{', ..]) input = "---\n" + input;
        return await cluster.RunAsync(Kubectl, all, input, editor);
    }

    private async Task<string> CertificateRequestAsync()
    {
        var made = await cluster.RunAsync("openssl",
            ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=jane/O=dev"]);
        made.ExitCode.ShouldBe(0, made.Error);
        return Convert.ToBase64String(Encoding.ASCII.GetBytes(Pem().Match(made.Output).Value + "\n"));
    }

    [GeneratedRegex("-----BEGIN CERTIFICATE REQUEST-----.*-----END CERTIFICATE REQUEST-----", RegexOptions.Singleline)]
    private static partial Regex Pem();

    [GeneratedRegex("\"minor\": \"([0-9]+)")]
    private static partial Regex Minor();
}
