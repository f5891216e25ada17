import { cp } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, temporaryFolder } from '@facehash/testing';
import { LogWatch } from '../support/log-watch.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';
import { serversOrReason } from '../support/servers.js';
import { asking, twoReplicas } from '../support/two-replicas.js';

const binaries = await serversOrReason(['minio', 'nats-server', 'ferretdb']);

describe('a lifecycle that was stopped, and goes on beside its successor', () => {
  if (typeof binaries === 'string') it.skip(`is not tried: ${binaries}`, () => undefined);
  else it('changes nothing any more: what the newer one publishes holds, and no version is lost', deposed);
});

/** Longer than it takes the one that was stopped to look at everything again. */
const SIDE_BY_SIDE_MS = 15_000;

async function deposed(): Promise<void> {
  const two = await twoReplicas();
  await using _cluster = two.cluster;
  await using folder = await temporaryFolder();
  const { cluster, first, second } = two;
  const older = cluster.lifecycle;
  if (!older) throw new Error('no lifecycle was started');
  const loads = asking(two);
  await using _asked = { [Symbol.asyncDispose]: () => Promise.all(loads.map((load) => load.stop())).then(() => undefined) };

  older.signal('SIGSTOP');
  await cp(cluster.dataDir, folder.path, { recursive: true });
  const newer = await cluster.anotherLifecycle(folder.path);
  const ben = await first.train('Ben', await sampleFaces(3, [0, 1, 2]));
  expect(ben.body).toMatchObject({ trainingSuccess: 1 });

  const [olderLog, newerLog] = [new LogWatch(older), new LogWatch(newer)];
  older.signal('SIGCONT');
  const cleo = await second.train('Cleo', await sampleFaces(4, [0, 1, 2]));
  expect(cleo.body).toMatchObject({ trainingSuccess: 1 });
  await sleep(SIDE_BY_SIDE_MS);
  const dora = await first.train('Dora', await sampleFaces(5, [0, 1, 2]));
  expect(dora.body).toMatchObject({ trainingSuccess: 1 });

  for (const load of loads) {
    await load.until(({ answers }) => answers.at(-1)?.version === dora.body.version);
    const { refused, broken, versions } = await load.stop();
    expect({ refused, broken }).toEqual({ refused: [], broken: [] });
    expect(new Set(versions).size).toBe(versions.length);
    expect(versions.slice(1)).toEqual([ben, cleo, dora].map(({ body }) => body.version));
  }
  for (const [who, name] of [
    [3, 'Ben'],
    [4, 'Cleo'],
    [5, 'Dora'],
  ] as const)
    expect((await second.recognize(await sampleFace(who, 9))).body).toMatchObject({ foundFace: name });
  const kept = await first.call('GET', '/v1/versions?limit=100');
  const names = (kept.body['items'] as { name: string }[]).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining([ben, cleo, dora].map(({ body }) => body.version)));
  expect(newerLog.complaints).toEqual([]);
  expect(olderLog.complaints).toEqual([expect.objectContaining({ msg: expect.stringContaining('another lifecycle has taken') as string })]);
  await eventually(() => older.printed.includes('another lifecycle'));
}
