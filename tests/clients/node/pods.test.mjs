import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Writable } from 'node:stream';
import * as k8s from '@kubernetes/client-node';
import { batch, config, core, eventually, newNamespace, pod, refusal } from './scene.mjs';

let namespace;
before(async () => {
  namespace = await newNamespace();
});

test('an informer sees pods come, run and go', async () => {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const informer = k8s.makeInformer(config, path, () => core.listNamespacedPod({ namespace }));
  const seen = [];
  const failures = [];
  informer.on('add', (item) => seen.push(`add ${item.metadata.name}`));
  informer.on('update', (item) => seen.push(`update ${item.metadata.name} ${item.status.phase}`));
  informer.on('delete', (item) => seen.push(`delete ${item.metadata.name}`));
  informer.on('error', (error) => error.type === 'aborted' || failures.push(error));
  await informer.start();

  await core.createNamespacedPod({ namespace, body: pod('watched') });
  await eventually('the pod to run', () => seen.includes('update watched Running'));
  assert.ok(seen.indexOf('add watched') < seen.indexOf('update watched Running'));
  await core.deleteNamespacedPod({ namespace, name: 'watched', gracePeriodSeconds: 0 });
  await eventually('the pod to go', () => seen.includes('delete watched'));
  await informer.stop();
  assert.deepEqual(failures, []);
});

test('a watch from a version that was read misses nothing', async () => {
  const list = await core.listNamespacedConfigMap({ namespace });
  for (let i = 0; i < 20; i++) await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: `w-${i}` } } });

  const names = [];
  const request = await new k8s.Watch(config).watch(
    `/api/v1/namespaces/${namespace}/configmaps`,
    { resourceVersion: list.metadata.resourceVersion, allowWatchBookmarks: true },
    (phase, item) => phase === 'ADDED' && names.push(item.metadata.name),
    () => {});
  await eventually('20 events', () => names.length >= 20);
  request.abort();
  assert.deepEqual(names, Array.from({ length: 20 }, (_, i) => `w-${i}`));
});

test('a job runs to its end and its log can be read and followed', async () => {
  await batch.createNamespacedJob({
    namespace,
    body: {
      metadata: { name: 'work' },
      spec: {
        backoffLimit: 0,
        template: {
          metadata: { annotations: { 'spillway.dev/duration': '2s' } },
          spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox' }] },
        },
      },
    },
  });
  const started = await eventually('the pod to run', async () => {
    const { items } = await core.listNamespacedPod({ namespace, labelSelector: 'job-name=work' });
    return items.find((item) => ['Running', 'Succeeded'].includes(item.status.phase));
  });
  let followed = '';
  const sink = new Writable({
    write(chunk, _, done) {
      followed += chunk;
      done();
    },
  });
  await new k8s.Log(config).log(namespace, started.metadata.name, 'main', sink, { follow: true });
  await eventually('the job to succeed', async () =>
    (await batch.readNamespacedJob({ namespace, name: 'work' })).status.succeeded === 1);
  const whole = await core.readNamespacedPodLog({ namespace, name: started.metadata.name });
  assert.ok(whole.length > 0);
  await eventually('the followed log to end as the whole one', () => followed === whole);
});

test('exec, attach and port-forward are refused in words, not left hanging', async () => {
  await core.createNamespacedPod({ namespace, body: pod('shell') });
  await eventually('the pod to run', async () =>
    (await core.readNamespacedPod({ namespace, name: 'shell' })).status.phase === 'Running');

  const sink = new Writable({ write: (_, __, done) => done() });
  const exec = new k8s.Exec(config).exec(namespace, 'shell', 'main', ['ls'], sink, sink, null, false);
  await assert.rejects(exec, (event) => /501/.test(event.message));
  const direct = await refusal(() => core.connectPostNamespacedPodExec({ namespace, name: 'shell', command: 'ls' }));
  assert.equal(direct.code, 501);
  assert.match(direct.status.message, /needs a real kubelet/);
});

test('a pod that fits nowhere says why', async () => {
  await core.createNamespacedPod({
    namespace,
    body: pod('huge', { spec: { containers: [{ name: 'main', image: 'x', resources: { requests: { cpu: '4000' } } }] } }),
  });
  const condition = await eventually('the reason', async () =>
    (await core.readNamespacedPod({ namespace, name: 'huge' })).status.conditions
      ?.find((one) => one.type === 'PodScheduled' && one.status === 'False'));
  assert.equal(condition.reason, 'Unschedulable');
  assert.match(condition.message, /Insufficient cpu/);
  const { items } = await eventually('an event', async () => {
    const events = await core.listNamespacedEvent({ namespace, fieldSelector: 'involvedObject.name=huge' });
    return events.items.length > 0 && events;
  });
  assert.ok(items.some((event) => event.reason === 'FailedScheduling'));
});

test('measurements come as the metrics API has them', async () => {
  const nodes = await eventually('nodes to be measured', async () => {
    const { items } = await new k8s.Metrics(config).getNodeMetrics();
    return items.length > 0 && items;
  });
  assert.ok(nodes[0].usage.cpu);
  const top = await k8s.topNodes(core);
  assert.ok(top.length > 0);
});

test('two evictions and a budget: the second is told to wait', async () => {
  const policy = config.makeApiClient(k8s.PolicyV1Api);
  const labels = { budget: 'one' };
  await policy.createNamespacedPodDisruptionBudget({
    namespace, body: { metadata: { name: 'one' }, spec: { minAvailable: 1, selector: { matchLabels: labels } } },
  });
  for (const name of ['e-1', 'e-2']) await core.createNamespacedPod({ namespace, body: pod(name, { metadata: { labels } }) });
  await eventually('one pod to be spare', async () =>
    (await policy.readNamespacedPodDisruptionBudget({ namespace, name: 'one' })).status?.disruptionsAllowed === 1);

  const evict = (name) => core.createNamespacedPodEviction({ namespace, name, body: { metadata: { name } } });
  await evict('e-1');
  const denied = await refusal(() => evict('e-2'));
  assert.equal(denied.code, 429);
  assert.equal(denied.status.details.causes[0].reason, 'DisruptionBudget');
});
