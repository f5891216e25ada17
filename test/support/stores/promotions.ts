import { setTimeout as sleep } from 'node:timers/promises';
import type { Messaging, ModelState } from '@facehash/messaging-core';
import { eventually } from '@facehash/testing';
import { quantile, row, type Row } from '../benchmark.js';
import type { Client } from '../client.js';
import type { Person } from '../photos.js';
import type { Replicas } from '../replicas.js';
import { enrol } from '../throughput.js';
import { knownModel } from './side-by-side.js';

const PROMOTED_P99_MS = 500;
/** Between two questions, so that asking does not take the machine from who is asked. */
const PAUSE_MS = 5;
const REST_MS = 200;
const WITHIN_MS = 30_000;

interface Promotion {
  /** From the moment in which the state of the model names the version as target until whoever asks either replica is answered by it. */
  readonly fromTargetMs: number;
  /** The same, until such an answer had come from both: how long one takes is in it. */
  readonly untilAnsweredMs: number;
  /** From the call that asks for it. */
  readonly fromCallMs: number;
  readonly refused: number;
}

/** Two versions that make way for each other, again and again. */
export async function promotionRows(
  { replicas, messaging }: { readonly replicas: Replicas; readonly messaging: Messaging },
  { people, count }: { readonly people: readonly Person[]; readonly count: number },
): Promise<readonly Row[]> {
  const apiKey = await knownModel(replicas, 'promotions');
  const clients = replicas.clients(apiKey);
  const [first] = clients;
  const photo = people[0]?.others[0];
  if (!first || !photo) throw new Error('there is nobody to ask');
  await enrol([{ name: 'cluster', url: replicas.replica(0).url, apiKey, pid: 0 }], people);
  const { body } = await first.call('GET', '/v1/versions');
  const versions = (body['items'] as { name: string }[]).slice(0, 2).map(({ name }) => name);
  if (versions.length < 2) throw new Error('there is one version only');
  await using states = new States(messaging, 'promotions');
  const measured: Promotion[] = [];
  for (let i = 0; i < count; i++) {
    // The newest stands first and answers.
    measured.push(await promote(clients, { version: versions[(i + 1) % 2] ?? '', photo, states }));
    await sleep(REST_MS);
  }
  return rowsOf(measured);
}

async function promote(
  clients: readonly Client[],
  { version, photo, states }: { readonly version: string; readonly photo: Buffer; readonly states: States },
): Promise<Promotion> {
  const seen = states.await(version);
  const began = performance.now();
  let [refused, over] = [0, false];
  const answers = clients.map(async (client) => {
    while (!over && performance.now() - began < WITHIN_MS) {
      const asked = performance.now();
      const { status, body } = await client.recognize(photo);
      if (status !== 200) refused++;
      // Which version answers is settled before the photo is looked at.
      if (body.version === version) return { asked, answered: performance.now() };
      await sleep(PAUSE_MS);
    }
    throw new Error(`${version} does not answer everywhere after ${WITHIN_MS} ms`);
  });
  const { status } = await (clients[0] as Client).call('POST', `/v1/versions/${version}/activate`);
  if (status >= 300) over = true;
  const firsts = await Promise.all(answers);
  await eventually(() => seen.active, { withinMs: WITHIN_MS });
  const [asked, answered] = [Math.max(...firsts.map((first) => first.asked)), Math.max(...firsts.map((first) => first.answered))];
  const named = seen.target ?? Number.NaN;
  return { fromTargetMs: asked - named, untilAnsweredMs: answered - named, fromCallMs: answered - began, refused };
}

interface Seen {
  target?: number;
  active?: number;
}

/** When the state of a model named which version, as somebody sees it who follows the bucket as a replica does. */
class States implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #following: Promise<void>;
  #awaited: { readonly version: string; readonly seen: Seen } | undefined;

  constructor(messaging: Messaging, name: string) {
    this.#following = this.#follow(messaging, name);
  }

  await(version: string): Readonly<Seen> {
    const seen: Seen = {};
    this.#awaited = { version, seen };
    return seen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  async #follow({ models }: Messaging, name: string): Promise<void> {
    for await (const change of models.watch(this.#stop.signal))
      if (change.kind === 'put' && change.entry.value.name === name) this.#see(change.entry.value);
  }

  #see({ active, target }: ModelState): void {
    if (!this.#awaited) return;
    const { version, seen } = this.#awaited;
    if (target?.name === version) seen.target ??= performance.now();
    else if (active?.name === version && target === null) seen.active ??= performance.now();
  }
}

function rowsOf(measured: readonly Promotion[]): readonly Row[] {
  const of = (value: (promotion: Promotion) => number, q: number): number => quantile(measured.map(value), q);
  return [
    row(`promotion: named as target → both replicas answer by it, p99 of ${measured.length}`, of((p) => p.fromTargetMs, 0.99), 'ms', { atMost: PROMOTED_P99_MS }),
    row('  median', of((p) => p.fromTargetMs, 0.5), 'ms'),
    row('  named as target → such answers have come, p99', of((p) => p.untilAnsweredMs, 0.99), 'ms'),
    row('  median', of((p) => p.untilAnsweredMs, 0.5), 'ms'),
    row('  asked for → such answers have come, p99', of((p) => p.fromCallMs, 0.99), 'ms'),
    row('  median', of((p) => p.fromCallMs, 0.5), 'ms'),
    row('  refused meanwhile', measured.reduce((sum, { refused }) => sum + refused, 0), 'answers', { atMost: 0 }),
  ]; // prettier-ignore
}
