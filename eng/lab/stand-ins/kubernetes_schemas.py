"""What kubeadm's and the kubelet's configuration files may hold, for the lab's stand-ins: fields, and what kind of value.

From the types of k8s.io/kubernetes (kubeadm v1beta3 and v1beta4) and k8s.io/kubelet (KubeletConfiguration v1beta1).
A kind is str, int, bool, [kind] for a list, {"*": kind} for a map, or a dict of fields.
"""
import ipaddress
import re

import yaml

ANY = object()
TAINT = {"key": str, "value": str, "effect": str, "timeAdded": str}
MOUNT = {"name": str, "hostPath": str, "mountPath": str, "readOnly": bool, "pathType": str}
BOOTSTRAP_TOKEN = {"token": str, "description": str, "ttl": str, "expires": str, "usages": [str], "groups": [str]}
TIMEOUTS = {name: str for name in (
    "controlPlaneComponentHealthCheck", "kubeletHealthCheck", "kubernetesAPICall", "etcdAPICall", "tlsBootstrap",
    "discovery", "upgradeManifests")}
LOCAL_API = {"advertiseAddress": str, "bindPort": int}
PATCHES = {"directory": str}


def kubeadm(version):
    listed = version == "v1beta4"
    arguments = [{"name": str, "value": str}] if listed else {"*": str}
    registration = {"name": str, "criSocket": str, "taints": [TAINT], "kubeletExtraArgs": arguments,
                    "ignorePreflightErrors": [str], "imagePullPolicy": str}
    component = {"extraArgs": arguments, "extraVolumes": [MOUNT]}
    image = {"imageRepository": str, "imageTag": str}
    init = {"bootstrapTokens": [BOOTSTRAP_TOKEN], "nodeRegistration": registration, "localAPIEndpoint": LOCAL_API,
            "certificateKey": str, "skipPhases": [str], "patches": PATCHES}
    join = {"nodeRegistration": registration, "caCertPath": str, "discovery": {
                "bootstrapToken": {"token": str, "apiServerEndpoint": str, "caCertHashes": [str],
                                   "unsafeSkipCAVerification": bool},
                "file": {"kubeConfigPath": str}, "tlsBootstrapToken": str, "timeout": str},
            "controlPlane": {"localAPIEndpoint": LOCAL_API, "certificateKey": str}, "skipPhases": [str],
            "patches": PATCHES}
    local_etcd = {**image, "dataDir": str, "extraArgs": arguments, "serverCertSANs": [str], "peerCertSANs": [str]}
    cluster = {"clusterName": str, "kubernetesVersion": str, "controlPlaneEndpoint": str, "certificatesDir": str,
               "imageRepository": str, "featureGates": {"*": bool},
               "networking": {"serviceSubnet": str, "podSubnet": str, "dnsDomain": str},
               "apiServer": {**component, "certSANs": [str]}, "controllerManager": component, "scheduler": component,
               "dns": dict(image), "etcd": {"local": local_etcd, "external": {
                   "endpoints": [str], "caFile": str, "certFile": str, "keyFile": str}}}
    kinds = {"InitConfiguration": init, "JoinConfiguration": join, "ClusterConfiguration": cluster}
    if not listed:
        cluster["apiServer"]["timeoutForControlPlane"] = str
        return kinds
    variables = [{"name": str, "value": str}]
    for part in (init, join):
        part.update(dryRun=bool, timeouts=TIMEOUTS)
    registration["imagePullSerial"] = bool
    component["extraEnvs"] = local_etcd["extraEnvs"] = cluster["apiServer"]["extraEnvs"] = variables
    cluster.update(encryptionAlgorithm=str, certificateValidityPeriod=str, caCertificateValidityPeriod=str,
                   proxy={"disabled": bool})
    cluster["dns"]["disabled"] = bool
    kinds["ResetConfiguration"] = {"cleanupTmpDir": bool, "certificatesDir": str, "criSocket": str, "dryRun": bool,
                                   "force": bool, "ignorePreflightErrors": [str], "skipPhases": [str],
                                   "unmountFlags": [str], "timeouts": TIMEOUTS}
    kinds["UpgradeConfiguration"] = {"apply": ANY, "diff": ANY, "node": ANY, "plan": ANY, "timeouts": TIMEOUTS}
    return kinds


KUBELET = {**{name: str for name in """staticPodPath syncFrequency fileCheckFrequency httpCheckFrequency staticPodURL
    address tlsCertFile tlsPrivateKeyFile tlsMinVersion healthzBindAddress clusterDomain
    streamingConnectionIdleTimeout nodeStatusUpdateFrequency nodeStatusReportFrequency imageMinimumGCAge
    imageMaximumGCAge volumeStatsAggPeriod kubeletCgroups systemCgroups cgroupRoot cgroupDriver cpuManagerPolicy
    cpuManagerReconcilePeriod memoryManagerPolicy topologyManagerPolicy topologyManagerScope runtimeRequestTimeout
    hairpinMode podCIDR resolvConf cpuCFSQuotaPeriod evictionPressureTransitionPeriod containerLogMaxSize
    configMapAndSecretChangeDetectionStrategy reservedSystemCPUs showHiddenMetricsForVersion systemReservedCgroup
    kubeReservedCgroup volumePluginDir providerID shutdownGracePeriod shutdownGracePeriodCriticalPods
    containerLogMonitorInterval containerRuntimeEndpoint imageServiceEndpoint podLogsDir
    imagePullCredentialsVerificationPolicy""".split()},
    **{name: int for name in """port readOnlyPort registryPullQPS registryBurst eventRecordQPS eventBurst healthzPort
    oomScoreAdj nodeLeaseDurationSeconds imageGCHighThresholdPercent imageGCLowThresholdPercent maxPods podPidsLimit
    nodeStatusMaxImages maxOpenFiles kubeAPIQPS kubeAPIBurst evictionMaxPodGracePeriod podsPerCore
    iptablesMasqueradeBit iptablesDropBit containerLogMaxFiles containerLogMaxWorkers maxParallelImagePulls
    memoryThrottlingFactor""".split()},
    **{name: bool for name in """enableServer rotateCertificates serverTLSBootstrap enableDebuggingHandlers
    enableContentionProfiling cgroupsPerQOS cpuCFSQuota serializeImagePulls enableControllerAttachDetach
    protectKernelDefaults makeIPTablesUtilChains failSwapOn singleProcessOOMKill enableSystemLogHandler
    enableSystemLogQuery enableProfilingHandler enableDebugFlagsHandler seccompDefault registerNode
    localStorageCapacityIsolation mergeDefaultEvictionSettings""".split()},
    **{name: {"*": str} for name in """staticPodURLHeader cpuManagerPolicyOptions topologyManagerPolicyOptions
    qosReserved evictionHard evictionSoft evictionSoftGracePeriod evictionMinimumReclaim systemReserved
    kubeReserved""".split()},
    "authentication": {"x509": {"clientCAFile": str}, "webhook": {"enabled": bool, "cacheTTL": str},
                       "anonymous": {"enabled": bool}},
    "authorization": {"mode": str, "webhook": {"cacheAuthorizedTTL": str, "cacheUnauthorizedTTL": str}},
    "tlsCipherSuites": [str], "clusterDNS": [str], "featureGates": {"*": bool}, "allowedUnsafeSysctls": [str],
    "enforceNodeAllocatable": [str], "registerWithTaints": [TAINT], "logging": ANY, "tracing": ANY,
    "memorySwap": {"swapBehavior": str}, "reservedMemory": [{"numaNode": int, "limits": {"*": str}}],
    "shutdownGracePeriodByPodPriority": [{"priority": int, "shutdownGracePeriodSeconds": int}],
    "crashLoopBackOff": {"maxContainerRestartPeriod": str}, "preloadedImagesVerificationAllowlist": [str],
    "userNamespaces": {"idsPerPod": int}}

KUBE_PROXY = {name: ANY for name in """bindAddress bindAddressHardFail clientConnection clusterCIDR configSyncPeriod
    conntrack detectLocal detectLocalMode enableProfiling featureGates healthzBindAddress hostnameOverride iptables
    ipvs logging metricsBindAddress mode nftables nodePortAddresses oomScoreAdj portRange showHiddenMetricsForVersion
    windowsRunAsService winkernel""".split()}


def documents(path, minor):
    """The documents of a file by kind, or SystemExit with everything that is wrong with them."""
    with open(path, encoding="utf-8") as file:
        parts = [part for part in yaml.safe_load_all(file) if part is not None]
    wrong, found = [], {}
    for part in parts:
        version, kind = str(part.get("apiVersion", "")), str(part.get("kind", ""))
        shape = _shape(version, kind, minor)
        if shape is None:
            wrong.append(f"no kind {kind!r} is registered for version {version!r}")
            continue
        _compare(part, {**shape, "apiVersion": str, "kind": str, "metadata": ANY}, kind, wrong)
        found[kind] = part
    if wrong:
        raise SystemExit("error: " + "; ".join(wrong))
    return found


def _shape(version, kind, minor):
    group, _, level = version.partition("/")
    if group == "kubeadm.k8s.io" and level in ("v1beta3", "v1beta4"):
        if level == "v1beta4" and minor < (1, 31):
            return None
        return kubeadm(level).get(kind)
    return {("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration"): KUBELET,
            ("kubeproxy.config.k8s.io/v1alpha1", "KubeProxyConfiguration"): KUBE_PROXY}.get((version, kind))


def _compare(value, kind, path, wrong):
    if value is None or kind is ANY:
        return
    if isinstance(kind, list):
        if not isinstance(value, list):
            wrong.append(f"{path}: expected a list")
            return
        for index, item in enumerate(value):
            _compare(item, kind[0], f"{path}[{index}]", wrong)
    elif isinstance(kind, dict):
        if not isinstance(value, dict):
            wrong.append(f"{path}: expected a map")
            return
        for key, item in value.items():
            if key in kind or "*" in kind:
                _compare(item, kind.get(key, kind.get("*")), f"{path}.{key}", wrong)
            else:
                wrong.append(f'strict decoding error: unknown field "{path}.{key}"')
    elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        wrong.append(f"{path}: expected {kind.__name__}, got {value!r}")


def require_ranges(cluster):
    for key in ("podSubnet", "serviceSubnet"):
        for text in (cluster.get("networking", {}).get(key) or "10.96.0.0/12").split(","):
            try:
                ipaddress.ip_network(text)
            except ValueError as error:
                raise SystemExit(f"error: networking.{key}: {error}") from None


def require_token(text):
    if not re.fullmatch(r"[a-z0-9]{6}\.[a-z0-9]{16}", text or ""):
        raise SystemExit(f"error: the bootstrap token {(text or '')[:6]!r}... is not of the form [a-z0-9]{{6}}.[a-z0-9]{{16}}")


def arguments(listed):
    """Extra arguments of either version as pairs."""
    return [(one["name"], one["value"]) for one in listed] if isinstance(listed, list) else list((listed or {}).items())
