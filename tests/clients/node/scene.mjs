// What the tests share: a connection, a namespace of their own, and waiting that ends.
import { after } from 'node:test';
import * as k8s from '@kubernetes/client-node';

// A watch of the library that reconnects while it is stopped keeps the process alive: results are out by then.
after(() => { setTimeout(() => process.exit(), 2000).unref(); });

export const config = new k8s.KubeConfig();
config.loadFromFile(process.env.KUBECONFIG);

export const core = config.makeApiClient(k8s.CoreV1Api);
export const apps = config.makeApiClient(k8s.AppsV1Api);
export const batch = config.makeApiClient(k8s.BatchV1Api);

/** Makes a namespace and gives its name. */
export async function newNamespace() {
  const made = await core.createNamespace({ body: { metadata: { generateName: 'node-client-' } } });
  return made.metadata.name;
}

/** Asks again until the answer is truthy; fails after 20 seconds with what was waited for. */
export async function eventually(what, ask) {
  const end = Date.now() + 20_000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited 20 s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The refusal of a call that must be refused: its code and its Status. */
export async function refusal(call) {
  try {
    await call();
  } catch (error) {
    return { code: error.code, status: typeof error.body === 'string' ? JSON.parse(error.body) : error.body };
  }
  throw new Error('the call was not refused');
}

export const pod = (name, more = {}) => ({
  metadata: { name, labels: { app: name }, ...more.metadata },
  spec: {
    restartPolicy: 'Never',
    containers: [{ name: 'main', image: 'busybox', resources: { requests: { cpu: '10m', memory: '8Mi' } } }],
    ...more.spec,
  },
});
