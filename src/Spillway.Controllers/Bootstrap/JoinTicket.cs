using System.Text.Json.Nodes;
using Spillway.Core.Bootstrap;
using Spillway.Core.ClusterFile;
using Spillway.Core.Ports;

namespace Spillway.Controllers.Bootstrap;

/// <summary>What lets one machine in: fetched from the first control plane when it is needed and never kept.</summary>
/// <param name="Files">For the machine, with the secret in them.</param>
/// <param name="Secrets">To be kept out of everything that is said.</param>
internal sealed record JoinTicket(IReadOnlyList<HostFile> Files, IReadOnlyList<string> Secrets)
{
    /// <param name="server">What nodes call, such as <c>10.77.0.1:6443</c>.</param>
    /// <returns>The ticket, or why there is none.</returns>
    public static async Task<(JoinTicket? Ticket, string Why)> IssueAsync(
        Distribution distribution, IHost control, string machine, string server, CancellationToken cancellationToken)
    {
        if (distribution != Distribution.Kubeadm)
            return await ShareAsync(distribution, control, cancellationToken);
        var answer = await control.RunAsync(new HostCommand(
            """
            set -eu
            export KUBECONFIG=/etc/kubernetes/admin.conf
            kubeadm token create --ttl 15m0s --description "spillway: joins $1"
            base64 -w0 /etc/kubernetes/pki/ca.crt
            """) { Arguments = [machine] }, cancellationToken);
        if (answer is not HostAnswer.Done { ExitCode: 0 } done)
            return (null, answer.Complaint);
        var lines = done.Output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length < 2)
            return (null, "kubeadm token create printed no token");
        var kubeconfig = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Config",
            ["current-context"] = "join",
            ["clusters"] = Named("cluster", new JsonObject
            {
                ["server"] = $"https://{server}",
                ["certificate-authority-data"] = lines[^1],
            }),
            ["users"] = Named("user", new JsonObject { ["token"] = lines[^2] }),
            ["contexts"] = Named("context", new JsonObject { ["cluster"] = "join", ["user"] = "join" }),
        };
        var file = new HostFile(KubeadmConfig.TicketPath, "0600", kubeconfig.ToJsonString() + "\n");
        return (new JoinTicket([file], [lines[^2]]), "");
    }

    // RKE2 and k3s join by the first server's token; they have no shorter-lived one without a new server release.
    private static async Task<(JoinTicket? Ticket, string Why)> ShareAsync(
        Distribution distribution, IHost control, CancellationToken cancellationToken)
    {
        var path = RancherConfig.TokenPath(distribution);
        var answer = await control.RunAsync(
            new HostCommand("cat -- \"$1\"") { Arguments = [path] }, cancellationToken);
        return answer is HostAnswer.Done { ExitCode: 0 } done
            ? (new JoinTicket([new HostFile(path, "0600", done.Output)], [done.Output.Trim()]), "")
            : (null, answer.Complaint);
    }

    private static JsonArray Named(string kind, JsonObject value) =>
        [new JsonObject { ["name"] = "join", [kind] = value }];
}
