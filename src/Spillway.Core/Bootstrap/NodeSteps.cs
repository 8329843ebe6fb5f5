using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;

namespace Spillway.Core.Bootstrap;

/// <summary>All that turns a bare host into a node of the cluster, in order.</summary>
public static class NodeSteps
{
    /// <summary>Empty where the distribution installs nothing (<c>embedded</c>, <c>existing</c>).</summary>
    public static IReadOnlyList<BootstrapStep> For(OverlayNode node, OverlayPlan plan)
    {
        var distribution = plan.Cluster.Kubernetes.Distribution;
        if (distribution is Distribution.Embedded or Distribution.Existing)
            return [];
        return
        [
            .. HostSteps.For(node, plan),
            FirewallSteps.For(node, plan),
            .. TunnelSteps.For(node, plan),
            .. distribution == Distribution.Kubeadm ? KubeadmSteps.For(node, plan) : RancherSteps.For(node, plan),
            .. AfterJoin(node, plan),
        ];
    }

    /// <summary>kubectl as the first control plane's administrator.</summary>
    public static string Kubectl(Distribution distribution) => distribution switch
    {
        Distribution.Kubeadm => "kubectl --kubeconfig /etc/kubernetes/admin.conf",
        Distribution.Rke2 => "/var/lib/rancher/rke2/bin/kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml",
        _ => "/usr/local/bin/k3s kubectl",
    };

    private static IEnumerable<BootstrapStep> AfterJoin(OverlayNode node, OverlayPlan plan)
    {
        var distribution = plan.Cluster.Kubernetes.Distribution;
        var kubectl = Kubectl(distribution);
        yield return InstanceType(node.Name, distribution);
        var given = NodeSettings.Of(node, plan).GivenLabels;
        if (given.Count > 0)
            yield return BootstrapStep.Command("labels",
                "Kubernetes lets no node give itself these",
                $"[ -n \"$({kubectl} get nodes -o name -l {Shell.Quote(string.Join(',', given))} "
                + $"--field-selector metadata.name={node.Name})\" ]",
                $"{kubectl} label node {node.Name} --overwrite {string.Join(' ', given.Select(Shell.Quote))}",
                place: StepPlace.ControlPlane);
        if (plan.Cluster.Kubernetes.Routing == PodRouting.Native && node.Machine.PodCidr is { } pods)
            yield return BootstrapStep.Command("pod range", "the tunnel carries these pods of this node, and no others",
                $"[ \"$({kubectl} get node {node.Name} -o jsonpath={{.spec.podCIDR}})\" = {pods} ]",
                $"{kubectl} patch node {node.Name} -p "
                + Shell.Quote($"{{\"spec\":{{\"podCIDR\":\"{pods}\",\"podCIDRs\":[\"{pods}\"]}}}}"),
                place: StepPlace.ControlPlane);
        if (plan.Pods.Annotations.TryGetValue(node.Name, out var annotation))
            yield return BootstrapStep.Command("pod network address",
                "its interface has another name than others', so its address has to be said",
                $"{kubectl} get node {node.Name} -o yaml | grep -qF {Shell.Quote($"{annotation.Key}: {annotation.Value}")}",
                $"{kubectl} annotate node {node.Name} --overwrite "
                + Shell.Quote($"{annotation.Key}={annotation.Value}"), place: StepPlace.ControlPlane);
        if (node.Machine.ExclusiveCpus && distribution == Distribution.Kubeadm)
        {
            foreach (var step in CpuManager(node.Name, kubectl))
                yield return step;
        }

        yield return Ready(node, kubectl);
    }

    // The kubelet refuses to start when its policy is not that of its state file, and pods keep CPUs they were not given:
    // so drain, stop, remove, start, verify.
    private static IEnumerable<BootstrapStep> CpuManager(string name, string kubectl)
    {
        const string mark = "spillway.dev/cpu-manager";
        var marked = $"[ \"$({kubectl} get node {name} -o 'jsonpath={{.metadata.annotations.spillway\\.dev/cpu-manager}}')\""
            + " = static ]";
        yield return BootstrapStep.Command("cpu manager: drain", "running pods hold CPUs that are to be given out anew",
            marked, $"{kubectl} drain {name} --ignore-daemonsets --delete-emptydir-data --timeout=10m",
            $"{kubectl} uncordon {name}", StepPlace.ControlPlane);
        yield return BootstrapStep.Command("cpu manager", "pods that ask for whole CPUs get them for themselves",
            "grep -q '\"policyName\":\"static\"' /var/lib/kubelet/cpu_manager_state",
            $"""
            systemctl stop kubelet
            kubeadm upgrade node phase kubelet-config --patches {KubeadmConfig.Folder}/patches
            rm -f /var/lib/kubelet/cpu_manager_state
            systemctl start kubelet
            for second in $(seq 60); do
              grep -q '"policyName":"static"' /var/lib/kubelet/cpu_manager_state 2>/dev/null && exit 0
              sleep 1
            done
            echo 'the kubelet has not taken up the static policy: journalctl -u kubelet' >&2
            exit 1
            """);
        yield return BootstrapStep.Command("cpu manager: take pods again", "the node is as it is to be", marked,
            $"{kubectl} uncordon {name}\n{kubectl} annotate node {name} --overwrite {mark}=static",
            place: StepPlace.ControlPlane);
    }

    // Only hosts that say they are EC2 are asked: elsewhere the address answers with nothing, or with somebody's page.
    private static BootstrapStep InstanceType(string name, Distribution distribution)
    {
        var access = distribution switch
        {
            Distribution.Kubeadm => "kubectl --kubeconfig /etc/kubernetes/kubelet.conf",
            Distribution.Rke2 =>
                "/var/lib/rancher/rke2/bin/kubectl --kubeconfig /var/lib/rancher/rke2/agent/kubelet.kubeconfig",
            _ => "/usr/local/bin/k3s kubectl --kubeconfig /var/lib/rancher/k3s/agent/kubelet.kubeconfig",
        };
        return BootstrapStep.Command("instance type",
            "on EC2 the node says which type it is; only there, with a token (IMDSv2) and within a second",
            "! grep -qs '^Amazon EC2$' /sys/class/dmi/id/sys_vendor || [ -e /var/lib/spillway/instance-type ]",
            $"""
            metadata=http://169.254.169.254/latest
            token=$(curl -fsS -m 1 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token")
            type=$(curl -fsS -m 1 -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/instance-type")
            [[ "$type" =~ ^[a-z0-9-]+[.][a-z0-9-]+$ ]]
            {access} label node {name} --overwrite "node.kubernetes.io/instance-type=$type"
            install -d -m 0755 /var/lib/spillway
            printf '%s\n' "$type" > /var/lib/spillway/instance-type
            """);
    }

    private static BootstrapStep Ready(OverlayNode node, string kubectl)
    {
        var address = "{.status.addresses[?(@.type==\"InternalIP\")].address}";
        var status = "{.status.conditions[?(@.type==\"Ready\")].status}";
        return BootstrapStep.Command("ready", $"the next machine waits until this one is Ready and known as {node.NodeIp}",
            $"[ \"$({kubectl} get node {node.Name} -o {Shell.Quote($"jsonpath={status} {address}")})\" "
            + $"= 'True {node.NodeIp}' ]",
            $"{kubectl} wait --for=condition=Ready node/{node.Name} --timeout=180s", place: StepPlace.ControlPlane);
    }
}
