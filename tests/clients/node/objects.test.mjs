import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as k8s from '@kubernetes/client-node';
import { apps, config, core, eventually, newNamespace, pod, refusal } from './scene.mjs';

let namespace;
before(async () => {
  namespace = await newNamespace();
});

test('an object is made, read, replaced and deleted', async () => {
  const made = await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'a' }, data: { k: '1' } } });
  assert.ok(made.metadata.creationTimestamp instanceof Date);
  assert.match(made.metadata.uid, /^[0-9a-f-]{36}$/);

  made.data.k = '2';
  const replaced = await core.replaceNamespacedConfigMap({ namespace, name: 'a', body: made });
  assert.notEqual(replaced.metadata.resourceVersion, made.metadata.resourceVersion);
  const stale = await refusal(() => core.replaceNamespacedConfigMap({ namespace, name: 'a', body: made }));
  assert.equal(stale.code, 409);
  assert.equal(stale.status.reason, 'Conflict');

  const gone = await core.deleteNamespacedConfigMap({ namespace, name: 'a' });
  assert.equal(gone.status, 'Success');
  const missing = await refusal(() => core.readNamespacedConfigMap({ namespace, name: 'a' }));
  assert.equal(missing.code, 404);
  assert.equal(missing.status.reason, 'NotFound');
  assert.equal(missing.status.details.name, 'a');
});

test('lists come in pages that add up', async () => {
  for (let i = 0; i < 7; i++) {
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: `page-${i}`, labels: { paged: 'yes' } } } });
  }
  const names = [];
  let _continue;
  do {
    const page = await core.listNamespacedConfigMap({ namespace, labelSelector: 'paged=yes', limit: 3, _continue });
    assert.ok(page.items.length <= 3);
    names.push(...page.items.map((item) => item.metadata.name));
    _continue = page.metadata._continue;
  } while (_continue);
  assert.deepEqual(names, [0, 1, 2, 3, 4, 5, 6].map((i) => `page-${i}`));
});

test('all four kinds of patch do what they say', async () => {
  await apps.createNamespacedDeployment({
    namespace,
    body: {
      metadata: { name: 'web' },
      spec: {
        replicas: 0, selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'one', image: 'one:1' }, { name: 'two', image: 'two:1' }] },
        },
      },
    },
  });
  const patch = (body, type, more = {}) => apps.patchNamespacedDeployment(
    { namespace, name: 'web', body, ...more }, k8s.setHeaderOptions('Content-Type', type));
  const images = (deployment) => deployment.spec.template.spec.containers.map((c) => c.image);

  const json = await patch(
    [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'one:2' }], k8s.PatchStrategy.JsonPatch);
  assert.deepEqual(images(json), ['one:2', 'two:1']);
  const strategic = await patch(
    { spec: { template: { spec: { containers: [{ name: 'two', image: 'two:2' }] } } } },
    k8s.PatchStrategy.StrategicMergePatch);
  assert.deepEqual(images(strategic), ['one:2', 'two:2']);
  const merge = await patch(
    { spec: { template: { spec: { containers: [{ name: 'three', image: 'three:1' }] } } } },
    k8s.PatchStrategy.MergePatch);
  assert.deepEqual(images(merge), ['three:1']);

  const applied = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 2 } };
  const mine = await patch(applied, k8s.PatchStrategy.ServerSideApply, { fieldManager: 'me', force: true });
  assert.equal(mine.spec.replicas, 2);
  const other = { ...applied, spec: { replicas: 3 } };
  const clash = await refusal(() => patch(other, k8s.PatchStrategy.ServerSideApply, { fieldManager: 'you' }));
  assert.equal(clash.code, 409);
  assert.equal(clash.status.details.causes[0].reason, 'FieldManagerConflict');
  assert.equal(clash.status.details.causes[0].field, '.spec.replicas');
  const forced = await patch(other, k8s.PatchStrategy.ServerSideApply, { fieldManager: 'you', force: true });
  assert.equal(forced.spec.replicas, 3);
});

test('an invalid object is refused with every field that is wrong', async () => {
  const bad = pod('Bad_Name', { spec: { containers: [{ name: 'main', image: '' }] } });
  const { code, status } = await refusal(() => core.createNamespacedPod({ namespace, body: bad }));

  assert.equal(code, 422);
  assert.equal(status.reason, 'Invalid');
  const fields = status.details.causes.map((cause) => cause.field);
  assert.ok(fields.includes('metadata.name'), fields.join());
  assert.ok(fields.includes('spec.containers[0].image'), fields.join());
});

test('a dry run changes nothing', async () => {
  const made = await core.createNamespacedConfigMap({ namespace, dryRun: 'All', body: { metadata: { name: 'ghost' } } });
  assert.equal(made.metadata.name, 'ghost');
  assert.equal((await refusal(() => core.readNamespacedConfigMap({ namespace, name: 'ghost' }))).code, 404);
});

test('a definition serves its objects, checks them and goes with them', async () => {
  const extensions = config.makeApiClient(k8s.ApiextensionsV1Api);
  const custom = config.makeApiClient(k8s.CustomObjectsApi);
  const group = `${namespace}.example.com`;
  await extensions.createCustomResourceDefinition({
    body: {
      metadata: { name: `probes.${group}` },
      spec: {
        group, scope: 'Namespaced', names: { plural: 'probes', singular: 'probe', kind: 'Probe' },
        versions: [{
          name: 'v1', served: true, storage: true, subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: { type: 'object', properties: { size: { type: 'integer', minimum: 1, _default: 4 } } },
                status: { type: 'object', properties: { seen: { type: 'integer' } } },
              },
            },
          },
        }],
      },
    },
  });
  const at = { group, version: 'v1', namespace, plural: 'probes' };
  const object = (name, spec) => ({ apiVersion: `${group}/v1`, kind: 'Probe', metadata: { name }, spec });
  const made = await eventually('the definition to be served', async () => {
    try {
      return await custom.createNamespacedCustomObject({ ...at, body: object('p', {}) });
    } catch (error) {
      if (error.code !== 404) throw error;
    }
  });
  assert.equal(made.spec.size, 4);

  const small = await refusal(() => custom.createNamespacedCustomObject({ ...at, body: object('q', { size: 0 }) }));
  assert.equal(small.code, 422);
  const status = await custom.patchNamespacedCustomObjectStatus(
    { ...at, name: 'p', body: { status: { seen: 1 } } },
    k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch));
  assert.equal(status.status.seen, 1);

  await extensions.deleteCustomResourceDefinition({ name: `probes.${group}` });
  await eventually('the objects to be gone', async () => {
    try {
      await custom.listNamespacedCustomObject(at);
    } catch (error) {
      return error.code === 404;
    }
  });
});

test('objects of any kind go through the generic client', async () => {
  const client = k8s.KubernetesObjectApi.makeApiClient(config);
  const [account] = k8s.loadAllYaml(`
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot, namespace: ${namespace}}
`);
  await client.create(account);
  const read = await client.read(account);
  assert.equal(read.metadata.name, 'robot');

  const token = await core.createNamespacedServiceAccountToken(
    { namespace, name: 'robot', body: { spec: { audiences: [], expirationSeconds: 600 } } });
  const robot = new k8s.KubeConfig();
  robot.loadFromClusterAndUser(config.getCurrentCluster(), { name: 'robot', token: token.status.token });
  const denied = await refusal(() => robot.makeApiClient(k8s.CoreV1Api).listNamespacedPod({ namespace }));
  assert.equal(denied.code, 403);
  assert.match(denied.status.message, new RegExp(`system:serviceaccount:${namespace}:robot`));
});
