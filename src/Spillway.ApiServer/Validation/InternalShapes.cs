namespace Spillway.ApiServer.Validation;

/// <summary>
/// The fields of the real server's internal structs, in their order there: refusals print these structs whole, so names
/// and order are part of what clients see. One line a struct, an indented one goes on; a word is a Go field name and how its value is written.
/// </summary>
/// <remarks>
/// Nothing after a name: text. <c>#</c> number, <c>!</c> flag, <c>?</c> null or the JSON as it is (pointers to scalars,
/// lists and maps of them, types that have JSON names of their own), <c>~</c> the JSON as it is or 0, <c>[]T</c> a list,
/// <c>*T</c> null or a struct, <c>=T</c> a struct, <c>+T</c> the fields of a struct in this place. <c>@name</c> gives the
/// JSON name where it is not the Go name with a small beginning.
/// </remarks>
internal static class InternalShapes
{
    private const string Text = """
        RoleRef APIGroup Kind Name
        DeploymentStrategy Type RollingUpdate*RollingUpdate
        RollingUpdate MaxUnavailable~ MaxSurge~
        DaemonSetUpdateStrategy Type RollingUpdate*RollingUpdate
        StatefulSetUpdateStrategy Type RollingUpdate*RollingUpdateStatefulSetStrategy
        RollingUpdateStatefulSetStrategy Partition# MaxUnavailable?
        IngressSpec IngressClassName? DefaultBackend? TLS? Rules?
        ServicePort Name Protocol AppProtocol? Port# TargetPort~ NodePort#
        PodSpec Volumes[]Volume InitContainers[]Container Containers[]Container
          EphemeralContainers[]EphemeralContainer RestartPolicy TerminationGracePeriodSeconds?
          ActiveDeadlineSeconds? DNSPolicy NodeSelector? ServiceAccountName AutomountServiceAccountToken? NodeName
          SecurityContext*PodSecurityContext ImagePullSecrets[]LocalObjectReference Hostname Subdomain
          SetHostnameAsFQDN? Affinity*Affinity SchedulerName Tolerations[]Toleration HostAliases[]HostAlias
          PriorityClassName Priority? PreemptionPolicy? DNSConfig*PodDNSConfig ReadinessGates[]PodReadinessGate
          RuntimeClassName? Overhead? EnableServiceLinks? TopologySpreadConstraints[]TopologySpreadConstraint
          OS*PodOS SchedulingGates[]PodSchedulingGate ResourceClaims[]PodResourceClaim
          Resources*ResourceRequirements HostnameOverride? SchedulingGroup?
        Volume Name +VolumeSource
        VolumeSource HostPath*HostPath EmptyDir*EmptyDir GCEPersistentDisk*GCEPersistentDisk
          AWSElasticBlockStore*AWSElasticBlockStore GitRepo*GitRepo Secret*SecretVolume NFS*NFS ISCSI*ISCSI
          Glusterfs? PersistentVolumeClaim*ClaimVolume RBD? Quobyte? FlexVolume? Cinder? CephFS?@cephfs Flocker?
          DownwardAPI*DownwardAPIVolume FC*FC AzureFile? ConfigMap*ConfigMapVolume VsphereVolume? AzureDisk?
          PhotonPersistentDisk? Projected*Projected PortworxVolume? ScaleIO? StorageOS?@storageos CSI*CSIVolume
          Ephemeral*Ephemeral Image*ImageVolume
        HostPath Path Type?
        EmptyDir Medium SizeLimit?
        GCEPersistentDisk PDName FSType Partition# ReadOnly!
        AWSElasticBlockStore VolumeID FSType Partition# ReadOnly!
        GitRepo Repository Revision Directory
        SecretVolume SecretName Items[]KeyToPath DefaultMode? Optional?
        NFS Server Path ReadOnly!
        ISCSI TargetPortal IQN Lun# ISCSIInterface FSType ReadOnly! Portals? DiscoveryCHAPAuth!@chapAuthDiscovery
          SessionCHAPAuth!@chapAuthSession SecretRef*LocalObjectReference InitiatorName?
        ClaimVolume ClaimName ReadOnly!
        DownwardAPIVolume Items[]DownwardAPIVolumeFile DefaultMode?
        FC TargetWWNs? Lun? FSType ReadOnly! WWIDs?@wwids
        ConfigMapVolume Name Items[]KeyToPath DefaultMode? Optional?
        Projected Sources[]VolumeProjection DefaultMode?
        CSIVolume Driver ReadOnly? FSType? VolumeAttributes? NodePublishSecretRef*LocalObjectReference
        Ephemeral VolumeClaimTemplate*PersistentVolumeClaimTemplate
        PersistentVolumeClaimTemplate Spec=PersistentVolumeClaimSpec
        ImageVolume Reference PullPolicy
        KeyToPath Key Path Mode?
        DownwardAPIVolumeFile Path FieldRef*ObjectFieldSelector ResourceFieldRef*ResourceFieldSelector Mode?
        VolumeProjection Secret*KeyProjection DownwardAPI*DownwardAPIProjection ConfigMap*KeyProjection
          ServiceAccountToken*TokenProjection ClusterTrustBundle*ClusterTrustBundle PodCertificate*PodCertificate
        KeyProjection Name Items[]KeyToPath Optional?
        DownwardAPIProjection Items[]DownwardAPIVolumeFile
        TokenProjection Audience ExpirationSeconds# Path
        ClusterTrustBundle Name? SignerName? LabelSelector? Optional? Path
        PodCertificate SignerName KeyType MaxExpirationSeconds? CredentialBundlePath KeyPath CertificateChainPath
          UserAnnotations?
        Container +ContainerCommon
        EphemeralContainer +ContainerCommon TargetContainerName
        ContainerCommon Name Image Command? Args? WorkingDir Ports[]ContainerPort EnvFrom[]EnvFromSource
          Env[]EnvVar Resources=ResourceRequirements ResizePolicy[]ContainerResizePolicy RestartPolicy?
          RestartPolicyRules[]ContainerRestartRule VolumeMounts[]VolumeMount VolumeDevices[]VolumeDevice
          LivenessProbe*Probe ReadinessProbe*Probe StartupProbe*Probe Lifecycle*Lifecycle TerminationMessagePath
          TerminationMessagePolicy ImagePullPolicy SecurityContext*SecurityContext Stdin! StdinOnce! TTY!
        ContainerPort Name HostPort# ContainerPort# Protocol HostIP
        EnvFromSource Prefix ConfigMapRef*OptionalReference SecretRef*OptionalReference
        OptionalReference Name Optional?
        EnvVar Name Value ValueFrom*EnvVarSource
        EnvVarSource FieldRef*ObjectFieldSelector ResourceFieldRef*ResourceFieldSelector
          ConfigMapKeyRef*KeySelector SecretKeyRef*KeySelector FileKeyRef*FileKeySelector
        ObjectFieldSelector APIVersion FieldPath
        ResourceFieldSelector ContainerName Resource Divisor
        KeySelector Name Key Optional?
        FileKeySelector VolumeName Path Key Optional?
        ResourceRequirements Limits? Requests? Claims[]ResourceClaim
        ResourceClaim Name Request
        ContainerResizePolicy ResourceName RestartPolicy
        ContainerRestartRule Action ExitCodes*ExitCodes
        ExitCodes Operator Values?
        VolumeMount Name ReadOnly! RecursiveReadOnly? MountPath SubPath MountPropagation? SubPathExpr
        VolumeDevice Name DevicePath
        Probe +ProbeHandler InitialDelaySeconds# TimeoutSeconds# PeriodSeconds# SuccessThreshold#
          FailureThreshold# TerminationGracePeriodSeconds?
        ProbeHandler Exec*ExecAction HTTPGet*HTTPGetAction TCPSocket*TCPSocketAction GRPC*GRPCAction
        LifecycleHandler Exec*ExecAction HTTPGet*HTTPGetAction TCPSocket*TCPSocketAction Sleep*SleepAction
        Lifecycle PostStart*LifecycleHandler PreStop*LifecycleHandler StopSignal?
        ExecAction Command?
        HTTPGetAction Path Port~ Host Scheme HTTPHeaders[]HTTPHeader
        HTTPHeader Name Value
        TCPSocketAction Port~ Host
        GRPCAction Port# Service?
        SleepAction Seconds#
        SecurityContext Capabilities*Capabilities Privileged? SELinuxOptions*SELinuxOptions
          WindowsOptions*WindowsOptions RunAsUser? RunAsGroup? RunAsNonRoot? ReadOnlyRootFilesystem?
          AllowPrivilegeEscalation? ProcMount? SeccompProfile*Profile AppArmorProfile*Profile
        Capabilities Add? Drop?
        SELinuxOptions User Role Type Level
        WindowsOptions GMSACredentialSpecName? GMSACredentialSpec? RunAsUserName? HostProcess?
        Profile Type LocalhostProfile?
        PodSecurityContext HostNetwork! HostPID! HostIPC! ShareProcessNamespace? HostUsers?
          SELinuxOptions*SELinuxOptions WindowsOptions*WindowsOptions RunAsUser? RunAsGroup? RunAsNonRoot?
          SupplementalGroups? SupplementalGroupsPolicy? FSGroup? FSGroupChangePolicy? Sysctls[]Sysctl
          SeccompProfile*Profile AppArmorProfile*Profile SELinuxChangePolicy?
        Sysctl Name Value
        LocalObjectReference Name
        Affinity NodeAffinity*NodeAffinity PodAffinity*PodAffinity PodAntiAffinity*PodAffinity
        NodeAffinity RequiredDuringSchedulingIgnoredDuringExecution*NodeSelector
          PreferredDuringSchedulingIgnoredDuringExecution[]PreferredSchedulingTerm
        NodeSelector NodeSelectorTerms[]NodeSelectorTerm
        NodeSelectorTerm MatchExpressions[]NodeSelectorRequirement MatchFields[]NodeSelectorRequirement
        NodeSelectorRequirement Key Operator Values?
        PreferredSchedulingTerm Weight# Preference=NodeSelectorTerm
        PodAffinity RequiredDuringSchedulingIgnoredDuringExecution[]PodAffinityTerm
          PreferredDuringSchedulingIgnoredDuringExecution[]WeightedPodAffinityTerm
        WeightedPodAffinityTerm Weight# PodAffinityTerm=PodAffinityTerm
        PodAffinityTerm LabelSelector? Namespaces? TopologyKey NamespaceSelector? MatchLabelKeys?
          MismatchLabelKeys?
        Toleration Key Operator Value Effect TolerationSeconds?
        HostAlias IP Hostnames?
        PodDNSConfig Nameservers? Searches? Options[]DNSOption
        DNSOption Name Value?
        PodReadinessGate ConditionType
        TopologySpreadConstraint MaxSkew# TopologyKey WhenUnsatisfiable LabelSelector? MinDomains?
          NodeAffinityPolicy? NodeTaintsPolicy? MatchLabelKeys?
        PodOS Name
        PodSchedulingGate Name
        PodResourceClaim Name ResourceClaimName? ResourceClaimTemplateName?
        PersistentVolumeClaimSpec AccessModes? Selector? Resources=VolumeResources VolumeName StorageClassName?
          VolumeMode? DataSource*DataSource DataSourceRef*DataSourceRef VolumeAttributesClassName?
        VolumeResources Limits? Requests?
        DataSource APIGroup? Kind Name
        DataSourceRef APIGroup? Kind Name Namespace?
        PersistentVolumeSource GCEPersistentDisk*GCEPersistentDisk AWSElasticBlockStore*AWSElasticBlockStore
          HostPath*HostPath Glusterfs? NFS*NFS RBD? Quobyte? ISCSI*ISCSI FlexVolume? Cinder? CephFS?@cephfs FC*FC
          Flocker? AzureFile? VsphereVolume? AzureDisk? PhotonPersistentDisk? PortworxVolume? ScaleIO?
          Local*LocalVolume StorageOS?@storageos CSI*CSIPersistentVolume
        LocalVolume Path FSType?
        CSIPersistentVolume Driver VolumeHandle ReadOnly! FSType VolumeAttributes?
          ControllerPublishSecretRef*SecretReference NodeStageSecretRef*SecretReference
          NodePublishSecretRef*SecretReference ControllerExpandSecretRef*SecretReference
          NodeExpandSecretRef*SecretReference
        SecretReference Name Namespace
        """;

    private static readonly Dictionary<string, InternalField[]> s_shapes = Text
        .Replace("\n ", "", StringComparison.Ordinal)
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .ToDictionary(words => words[0], words => words[1..].Select(InternalField.Parse).ToArray(),
            StringComparer.Ordinal);

    public static IReadOnlyList<InternalField> Fields(string name) => s_shapes[name];
}

/// <summary>One field of an internal struct.</summary>
/// <param name="Kind">How the value is written, as <see cref="InternalShapes"/> says; a blank for text.</param>
/// <param name="Type">The struct of the value; empty for none.</param>
internal readonly record struct InternalField(string Go, string Json, char Kind, string Type)
{
    private static readonly char[] s_marks = ['#', '!', '?', '~', '[', '*', '='];

    public static InternalField Parse(string word)
    {
        var at = word.IndexOf('@');
        var json = at < 0 ? "" : word[(at + 1)..];
        if (at >= 0) word = word[..at];
        if (word[0] == '+') return new InternalField("", "", '+', word[1..]);
        var end = word.IndexOfAny(s_marks);
        if (end < 0) end = word.Length;
        var go = word[..end];
        var kind = end < word.Length ? word[end] : ' ';
        var type = kind switch { '[' => word[(end + 2)..], '*' or '=' => word[(end + 1)..], _ => "" };
        return new InternalField(go, json.Length > 0 ? json : JsonName(go), kind, type);
    }

    // HTTPGet is httpGet, HostIP is hostIP, TTY is tty.
    private static string JsonName(string go)
    {
        var run = 0;
        while (run < go.Length && char.IsAsciiLetterUpper(go[run])) run++;
        if (run > 1 && run < go.Length) run--;
        return go[..run].ToLowerInvariant() + go[run..];
    }
}
