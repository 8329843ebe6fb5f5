namespace Spillway.Kubernetes;

/// <summary>The resources that this product speaks of, each with the view its objects are read through.</summary>
public static class Resources
{
    public static KubernetesResource<Pod> Pods { get; } = new("", "v1", "pods", "Pod", true, j => new Pod(j));

    public static KubernetesResource<Node> Nodes { get; } = new("", "v1", "nodes", "Node", false, j => new Node(j));

    public static KubernetesResource<Namespace> Namespaces { get; } =
        new("", "v1", "namespaces", "Namespace", false, j => new Namespace(j));

    public static KubernetesResource<KubernetesEvent> Events { get; } =
        new("", "v1", "events", "Event", true, j => new KubernetesEvent(j));

    public static KubernetesResource<ConfigMap> ConfigMaps { get; } =
        new("", "v1", "configmaps", "ConfigMap", true, j => new ConfigMap(j));

    public static KubernetesResource<Secret> Secrets { get; } =
        new("", "v1", "secrets", "Secret", true, j => new Secret(j));

    public static KubernetesResource<Service> Services { get; } =
        new("", "v1", "services", "Service", true, j => new Service(j));

    public static KubernetesResource<KubernetesObject> Endpoints { get; } =
        KubernetesResource.Untyped("", "v1", "endpoints", "Endpoints", true);

    public static KubernetesResource<ServiceAccount> ServiceAccounts { get; } =
        new("", "v1", "serviceaccounts", "ServiceAccount", true, j => new ServiceAccount(j));

    public static KubernetesResource<ResourceQuota> ResourceQuotas { get; } =
        new("", "v1", "resourcequotas", "ResourceQuota", true, j => new ResourceQuota(j));

    public static KubernetesResource<PersistentVolume> PersistentVolumes { get; } =
        new("", "v1", "persistentvolumes", "PersistentVolume", false, j => new PersistentVolume(j));

    public static KubernetesResource<PersistentVolumeClaim> PersistentVolumeClaims { get; } =
        new("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true, j => new PersistentVolumeClaim(j));

    public static KubernetesResource<KubernetesObject> ReplicationControllers { get; } =
        KubernetesResource.Untyped("", "v1", "replicationcontrollers", "ReplicationController", true);

    public static KubernetesResource<KubernetesEvent> NewEvents { get; } =
        new("events.k8s.io", "v1", "events", "Event", true, j => new KubernetesEvent(j));

    public static KubernetesResource<Lease> Leases { get; } =
        new("coordination.k8s.io", "v1", "leases", "Lease", true, j => new Lease(j));

    public static KubernetesResource<EndpointSlice> EndpointSlices { get; } =
        new("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true, j => new EndpointSlice(j));

    public static KubernetesResource<StorageClass> StorageClasses { get; } =
        new("storage.k8s.io", "v1", "storageclasses", "StorageClass", false, j => new StorageClass(j));

    public static KubernetesResource<CsiNode> CsiNodes { get; } =
        new("storage.k8s.io", "v1", "csinodes", "CSINode", false, j => new CsiNode(j));

    public static KubernetesResource<PriorityClass> PriorityClasses { get; } =
        new("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", false, j => new PriorityClass(j));

    public static KubernetesResource<PodDisruptionBudget> PodDisruptionBudgets { get; } =
        new("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true, j => new PodDisruptionBudget(j));

    public static KubernetesResource<Deployment> Deployments { get; } =
        new("apps", "v1", "deployments", "Deployment", true, j => new Deployment(j));

    public static KubernetesResource<ReplicaSet> ReplicaSets { get; } =
        new("apps", "v1", "replicasets", "ReplicaSet", true, j => new ReplicaSet(j));

    public static KubernetesResource<StatefulSet> StatefulSets { get; } =
        new("apps", "v1", "statefulsets", "StatefulSet", true, j => new StatefulSet(j));

    public static KubernetesResource<DaemonSet> DaemonSets { get; } =
        new("apps", "v1", "daemonsets", "DaemonSet", true, j => new DaemonSet(j));

    public static KubernetesResource<ControllerRevision> ControllerRevisions { get; } =
        new("apps", "v1", "controllerrevisions", "ControllerRevision", true, j => new ControllerRevision(j));

    public static KubernetesResource<Job> Jobs { get; } = new("batch", "v1", "jobs", "Job", true, j => new Job(j));

    public static KubernetesResource<CronJob> CronJobs { get; } =
        new("batch", "v1", "cronjobs", "CronJob", true, j => new CronJob(j));

    public static KubernetesResource<KubernetesObject> HorizontalPodAutoscalers { get; } =
        KubernetesResource.Untyped("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true);

    /// <summary>Only ever a subresource; its descriptor exists to decode it.</summary>
    public static KubernetesResource<KubernetesObject> Scales { get; } =
        KubernetesResource.Untyped("autoscaling", "v1", "scales", "Scale", true);

    public static KubernetesResource<KubernetesObject> CertificateSigningRequests { get; } = KubernetesResource.Untyped(
        "certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", false);

    public static KubernetesResource<CustomResourceDefinition> CustomResourceDefinitions { get; } =
        new("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false,
            j => new CustomResourceDefinition(j));
}
