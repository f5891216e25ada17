import type { KubeObject } from '@facehash/operator-runtime';
import { whyNotHere } from '@facehash/operator-runtime/testing';
import { startApiServer } from '@facehash/test-servers';
import { deployments } from './owned-resources.js';
import { RestartPods } from './restart-pods.js';
import type { Rolling } from './restart-state.js';
import { operated, type Operated } from './testing/operated.js';

const api = await operated(await startApiServer().catch(whyNotHere));
const { signal } = new AbortController();
const ref = { name: 'inference', namespace: 'default' };

afterAll(async () => {
  if (typeof api !== 'string') await api[Symbol.asyncDispose]();
});

describe('restarting the pods of the shared replicas', () => {
  if (typeof api === 'string') it.skip(`needs an API server: ${api}`, () => undefined);
  else restarting(api);
});

function restarting(on: Operated): void {
  const labels = { app: 'inference' };
  const chart = (image: string): KubeObject => ({
    metadata: ref,
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image }] } },
    },
  });
  const read = () => on.client.get(deployments, ref);
  const tokenOf = (object: KubeObject | undefined) =>
    (object?.['spec'] as { template: { metadata: { annotations?: Record<string, string> } } } | undefined)?.template.metadata.annotations?.[
      'facehash.dev/rollout'
    ];
  /** As the controller of Deployments would say it. */
  const rolledOut = async () => {
    const generation = (await read())?.metadata.generation;
    const status = { observedGeneration: generation, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 };
    await on.client.patch(deployments, ref, { strategy: 'merge', subresource: 'status', body: { status } });
  };

  it('is done once for all versions, waits for its end, and survives an upgrade of the chart', async () => {
    const helm = on.another('helm');
    await helm.apply(deployments, chart('inference:1'));
    let cached = await read();
    const rolling: Rolling[] = [];
    const pods = new RestartPods({ client: on.client, deployment: ref, cached: () => cached, rolling: () => rolling });
    expect(await pods.ensure(signal)).toBe(false);

    await rolledOut();
    cached = await read();
    rolling.push({ storageId: 'fm-a', version: 'v-1' }, { storageId: 'fm-b', version: 'v-1' });
    expect(await pods.ensure(signal)).toBe(true);
    // The cache has not seen it yet.
    expect(await pods.ensure(signal)).toBe(false);
    expect(pods.of('fm-a', 'v-1')).toMatchObject({ token: tokenOf(await read()), done: false });
    expect(pods.of('fm-a', 'v-2')).toBeNull();

    cached = await read();
    rolling.push({ storageId: 'fm-c', version: 'v-1' });
    expect(await pods.ensure(signal)).toBe(false);
    await rolledOut();
    cached = await read();
    expect(pods.of('fm-b', 'v-1')).toMatchObject({ done: true });
    const first = tokenOf(cached);

    await helm.apply(deployments, chart('inference:2'));
    expect(tokenOf(await read())).toBe(first);
    await rolledOut();
    cached = await read();
    expect(await new RestartPods({ client: on.client, deployment: ref, cached: () => cached, rolling: () => rolling }).ensure(signal)).toBe(
      true,
    );
    expect(tokenOf(await read())).not.toBe(first);
    await helm.close();
  });

  it('does nothing where there is no such Deployment', async () => {
    const pods = new RestartPods({
      client: on.client,
      deployment: ref,
      cached: () => undefined,
      rolling: () => [{ storageId: 'fm-a', version: 'v-1' }],
    });
    expect([await pods.ensure(signal), pods.of('fm-a', 'v-1')]).toEqual([false, null]);
  });
}
