import { Limiter, newId, sha256Hex, systemClock, systemRandom } from '@facehash/kernel';
import type { Messaging, ModelState } from '@facehash/messaging-core';
import { median, row, type Row } from '../benchmark.js';
import { peakResidentBytes, residentBytes } from '../processes.js';
import type { Replicas } from '../replicas.js';
import { directReplica } from './side-by-side.js';

const PEOPLE_PER_MODEL = 10;
const WRITES_AT_ONCE = 64;
const STARTS = 3;
/** What the start has left behind is gone by then. */
const REST_MS = 10_000;
const READY_SECONDS = 10;
const MORE_MIB = 300;
const MIB = 2 ** 20;

interface Start {
  readonly readySeconds: number;
  readonly restingMib: number;
  readonly peakMib: number;
}

/** What a replica that starts beside very many models takes for it, to one that starts beside a few. */
export async function manyModelsRows(
  { replicas, messaging }: { readonly replicas: Replicas; readonly messaging: Messaging },
  models: number,
): Promise<readonly Row[]> {
  const few = await starts(replicas);
  const { stateBytes, peopleBytes } = await fill(messaging, models);
  const many = await starts(replicas);
  const of = (all: readonly Start[], value: (start: Start) => number): number => median(all.map(value));
  const title = `${models} models of ${PEOPLE_PER_MODEL} people`;
  return [
    row(`a model in the bucket of states, of people`, stateBytes, 'bytes'),
    row('  in the bucket of names', peopleBytes, 'bytes'),
    row('a fresh replica beside a few models: ready', of(few, (s) => s.readySeconds), 's'),
    row('  resident memory of the HTTP process', of(few, (s) => s.restingMib), 'MiB'),
    row(`a fresh replica beside ${title}: ready`, of(many, (s) => s.readySeconds), 's', { atMost: READY_SECONDS }),
    row('  resident memory of the HTTP process', of(many, (s) => s.restingMib), 'MiB'),
    row('  more than beside a few', of(many, (s) => s.restingMib) - of(few, (s) => s.restingMib), 'MiB', { atMost: MORE_MIB }),
    row('  its peak, more than beside a few', of(many, (s) => s.peakMib) - of(few, (s) => s.peakMib), 'MiB'),
  ]; // prettier-ignore
}

async function starts(replicas: Replicas): Promise<readonly Start[]> {
  const measured: Start[] = [];
  for (let i = 0; i < STARTS; i++) {
    const began = performance.now();
    const { program } = await directReplica(replicas, 1);
    const readySeconds = (performance.now() - began) / 1000;
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    const { pid } = program;
    measured.push({ readySeconds, restingMib: (await residentBytes(pid)) / MIB, peakMib: (await peakResidentBytes(pid)) / MIB });
    await program.stop();
    replicas.replicas.pop();
  }
  return measured;
}

/** States as the lifecycle published one of a trained model, and names as enrolment writes them. */
async function fill({ models, people }: Messaging, count: number): Promise<{ readonly stateBytes: number; readonly peopleBytes: number }> {
  const original = await anyState(models);
  const limiter = new Limiter(WRITES_AT_ONCE);
  const sizes = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      limiter.run(async () => {
        const storageId = crypto.randomUUID();
        const state = { ...original, storageId, name: `copy-${i}`, apiKeyHashes: [sha256Hex(storageId)] };
        const names = { v: 1 as const, storageId, revision: PEOPLE_PER_MODEL, names: madeUpNames(i), tombstones: {} };
        await models.put(storageId, state, null);
        await people.put(storageId, names, null);
        return [JSON.stringify(state).length, JSON.stringify(names).length] as const;
      }),
    ),
  );
  return { stateBytes: median(sizes.map(([state]) => state)), peopleBytes: median(sizes.map(([, names]) => names)) };
}

async function anyState(models: Messaging['models']): Promise<ModelState> {
  for await (const change of models.watch(AbortSignal.timeout(10_000)))
    if (change.kind === 'put' && change.entry.value.active !== null) return change.entry.value;
  throw new Error('no model has a version');
}

function madeUpNames(model: number): Record<string, string> {
  const person = (at: number): [string, string] => [newId('per', systemClock, systemRandom), `Made-up Person ${model}-${at}`];
  return Object.fromEntries(Array.from({ length: PEOPLE_PER_MODEL }, (_, at) => person(at)));
}
