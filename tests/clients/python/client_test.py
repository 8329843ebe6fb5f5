"""Debian's python3-kubernetes against the embedded API server: it refuses answers that lack a required field."""
import inspect
import os
import threading
import unittest
import uuid

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.rest import ApiException
from kubernetes.stream import stream

config.load_kube_config(config_file=os.environ["KUBECONFIG"])
core = client.CoreV1Api()
batch = client.BatchV1Api()
apps = client.AppsV1Api()

APIS = [
    client.CoreV1Api, client.AppsV1Api, client.BatchV1Api, client.RbacAuthorizationV1Api, client.StorageV1Api,
    client.NetworkingV1Api, client.PolicyV1Api, client.SchedulingV1Api, client.CoordinationV1Api,
    client.DiscoveryV1Api, client.ApiextensionsV1Api, client.ApiregistrationV1Api, client.AutoscalingV1Api,
    client.CertificatesV1Api, client.NodeV1Api, client.AdmissionregistrationV1Api,
]


def job(name, seconds, cpu="10m"):
    return {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": {
            "metadata": {"annotations": {"spillway.dev/duration": f"{seconds}s"}},
            "spec": {"restartPolicy": "Never", "containers": [
                {"name": "main", "image": "busybox", "resources": {"requests": {"cpu": cpu}}}]}}},
    }


class ClientTest(unittest.TestCase):
    def setUp(self):
        self.namespace = "python-client-" + uuid.uuid4().hex[:8]
        core.create_namespace({"metadata": {"name": self.namespace}})

    def refused(self, status, call, *args, **named):
        with self.assertRaises(ApiException) as caught:
            call(*args, **named)
        self.assertEqual(caught.exception.status, status, caught.exception)
        return caught.exception

    def test_every_list_is_readable(self):
        for api in APIS:
            for name, call in inspect.getmembers(api(), inspect.ismethod):
                if name.startswith("list_") and "namespaced_" not in name and not name.endswith("with_http_info"):
                    with self.subTest(name):
                        self.assertIsNotNone(call().metadata.resource_version)

    def test_a_job_is_watched_to_its_end(self):
        seen = []
        batch.create_namespaced_job(self.namespace, job("work", 1))
        for event in watch.Watch().stream(batch.list_namespaced_job, self.namespace, timeout_seconds=20):
            seen.append(event["type"])
            if event["object"].status.succeeded == 1:
                break
        self.assertEqual(seen[0], "ADDED")
        self.assertEqual(batch.read_namespaced_job("work", self.namespace).status.succeeded, 1)
        pods = core.list_namespaced_pod(self.namespace, label_selector="job-name=work").items
        self.assertEqual([pod.status.phase for pod in pods], ["Succeeded"])
        self.assertTrue(core.read_namespaced_pod_log(pods[0].metadata.name, self.namespace))

    def test_a_watch_ends_when_asked_and_goes_on_where_it_was(self):
        version = core.list_namespaced_config_map(self.namespace).metadata.resource_version

        def write():
            for number in range(10):
                core.create_namespaced_config_map(self.namespace, {"metadata": {"name": f"m-{number}"}})

        writer = threading.Thread(target=write)
        writer.start()
        names = [event["object"].metadata.name for event in watch.Watch().stream(
            core.list_namespaced_config_map, self.namespace, resource_version=version, timeout_seconds=3)]
        writer.join()
        self.assertEqual([name for name in names if name.startswith("m-")], [f"m-{n}" for n in range(10)])

    def test_a_file_of_objects_is_applied_and_patched(self):
        utils.create_from_dict(client.ApiClient(), {
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": self.namespace},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
                     "template": {"metadata": {"labels": {"app": "web"}},
                                  "spec": {"containers": [{"name": "main", "image": "nginx"}]}}}})
        patched = apps.patch_namespaced_deployment_scale("web", self.namespace, {"spec": {"replicas": 2}})
        self.assertEqual(patched.spec.replicas, 2)
        for event in watch.Watch().stream(apps.list_namespaced_deployment, self.namespace, timeout_seconds=20):
            if event["object"].status.available_replicas == 2:
                break
        self.assertEqual(apps.read_namespaced_deployment("web", self.namespace).status.available_replicas, 2)

    def test_refusals_carry_a_status(self):
        missing = self.refused(404, core.read_namespaced_pod, "nobody", self.namespace)
        self.assertIn('pods \\"nobody\\" not found', missing.body)
        invalid = self.refused(422, core.create_namespaced_pod, self.namespace,
                               {"metadata": {"name": "p"}, "spec": {"containers": []}})
        self.assertIn("spec.containers: Required value", invalid.body)
        core.create_namespaced_config_map(self.namespace, {"metadata": {"name": "twice"}})
        self.refused(409, core.create_namespaced_config_map, self.namespace, {"metadata": {"name": "twice"}})

    def test_exec_is_refused_in_words(self):
        core.create_namespaced_pod(self.namespace, {
            "metadata": {"name": "shell"}, "spec": {"containers": [{"name": "main", "image": "busybox"}]}})
        error = self.refused(0, stream, core.connect_get_namespaced_pod_exec, "shell", self.namespace, command="ls")
        self.assertIn("501", str(error.reason))

    def test_the_dynamic_client_finds_every_kind_by_discovery(self):
        finder = dynamic.DynamicClient(client.ApiClient())
        pools = finder.resources.get(api_version="spillway.dev/v1", kind="Pool")
        self.assertEqual([pool.metadata.name for pool in pools.get().items], ["big"])
        maps = finder.resources.get(api_version="v1", kind="ConfigMap")
        maps.create({"metadata": {"name": "mine"}, "data": {"k": "1"}}, namespace=self.namespace)
        patched = maps.patch({"metadata": {"name": "mine"}, "data": {"l": "2"}}, namespace=self.namespace)
        self.assertEqual(dict(patched.data), {"k": "1", "l": "2"})


if __name__ == "__main__":
    unittest.main()
