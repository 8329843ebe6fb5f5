using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Admission;

/// <summary>Objects need a namespace that exists and is not going away; three namespaces never go away.</summary>
internal sealed class NamespaceLifecycle(ClusterReads cluster)
{
    private static readonly string[] Immortal = ["default", "kube-public", "kube-system"];

    public ValueTask Admit(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var isNamespace = request.IsAny("", "namespaces");
        if (request.Operation == AdmissionOperation.Delete && isNamespace && Immortal.Contains(request.Name))
            throw request.Forbidden("this namespace may not be deleted");
        if (isNamespace || request.Namespace.Length == 0 || request.Operation == AdmissionOperation.Delete)
            return ValueTask.CompletedTask;
        if (request.Type.Group == "authorization.k8s.io") return ValueTask.CompletedTask;
        var space = cluster.Get("", "namespaces", "", request.Namespace)
            ?? throw ApiFailure.NotFound("", "namespaces", request.Namespace);
        if (request.Operation != AdmissionOperation.Create || space.Map("status")?.Text("phase") != "Terminating")
            return ValueTask.CompletedTask;
        var refusal = request.Forbidden(
            $"unable to create new content in namespace {request.Namespace} because it is being terminated");
        refusal.Details!["causes"] = new JsonArray(new JsonObject
        {
            ["reason"] = "NamespaceTerminating",
            ["message"] = $"namespace {request.Namespace} is being terminated",
            ["field"] = "metadata.namespace",
        });
        throw refusal;
    }
}
