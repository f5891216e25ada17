import { layout } from '@facehash/artifacts';
import { newId, seededRandom, silentLogger, systemClock } from '@facehash/kernel';
import { FakeClock } from '@facehash/kernel/testing';
import type { Messaging } from '@facehash/messaging-core';
import { openLocalMessaging } from '@facehash/messaging-local';
import { Asked } from '@facehash/reconciler';
import { eventually } from '@facehash/testing';
import { followCommands } from './commands.js';
import { faceModels } from './resources.js';
import { ModelWorld } from './testing/model-world.js';

/** An operator that takes commands, and passes over models that end as a test says. */
class Commanded implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly asked = new Asked({ clock: this.clock, logger: silentLogger });
  /** What passes have recorded, in their order. */
  readonly recorded: string[] = [];
  /** Models whose passes find nothing out, and record nothing. */
  readonly stuck = new Set<string>();
  readonly #messaging: Messaging = openLocalMessaging({ clock: systemClock });
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  readonly #random = seededRandom(1);

  constructor() {
    this.#ended = followCommands(
      {
        commands: this.#messaging.commands,
        models: { byIndex: (_index, name) => [{ metadata: { name }, spec: undefined, status: null, known: null, problems: [] }] },
        queue: {
          add: (name) => {
            setImmediate(() => this.pass(name));
            return true;
          },
        },
        asked: this.asked,
        leads: () => true,
        clock: systemClock,
        logger: silentLogger,
      },
      this.#stop.signal,
    );
  }

  pass(name: string): void {
    const storageId = name.slice(name.indexOf('/') + 1);
    const asked = this.asked.of(storageId);
    if (this.stuck.has(storageId) || !asked) return;
    this.recorded.push(`${storageId} ${asked.wish.activate?.version ?? ''}`);
    asked.recorded();
  }

  /** Made so long before it is sent. */
  async activate(storageId: string, version: string, beforeMs = 0): Promise<void> {
    this.clock.advance(1);
    const made = { now: () => new Date(this.clock.now().getTime() - beforeMs), sleep: this.clock.sleep.bind(this.clock) };
    const id = newId('cmd', made, this.#random);
    await this.#messaging.commands.send({ v: 1, id, kind: 'activate', storageId, version });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#ended;
    await this.#messaging.close();
  }
}

describe('an activation', () => {
  it('of a model whose passes record nothing holds up no other model', async () => {
    await using operator = new Commanded();
    operator.stuck.add('sick');
    for (const version of ['v-a', 'v-b', 'v-c']) await operator.activate('sick', version);
    await operator.activate('well', 'v-1');
    await eventually(() => operator.recorded.length === 1, { withinMs: 4_000 });
    expect(operator.recorded).toEqual(['well v-1']);
  });

  it('that is older than the one that was recorded is not taken', async () => {
    await using operator = new Commanded();
    await operator.activate('well', 'v-2');
    await eventually(() => operator.recorded.length === 1);
    await operator.activate('well', 'v-1', 10_000);
    await operator.activate('other', 'v-3');
    await eventually(() => operator.recorded.length === 2);
    expect(operator.recorded).toEqual(['well v-2', 'other v-3']);
  });

  it('that nobody can be waiting for any more is not taken', async () => {
    await using operator = new Commanded();
    await operator.activate('well', 'v-1', 61_000);
    await operator.activate('other', 'v-2');
    await eventually(() => operator.recorded.length === 1);
    expect(operator.recorded).toEqual(['other v-2']);
  });
});

const ref = { name: 'front-door', namespace: 'default' };
const signal = new AbortController().signal;

describe('an activation is done with when the pass of its model', () => {
  const asking = async (): Promise<{ readonly world: ModelWorld; readonly ask: () => Promise<void> }> => {
    const world = new ModelWorld((clock) => openLocalMessaging({ clock }));
    await settled(world);
    const id = newId('cmd', world.clock, seededRandom(1));
    const command = { v: 1, id, kind: 'activate', storageId: world.storageId, version: 'v-1' } as const;
    return { world, ask: () => world.asked.activate(command, signal) };
  };

  it('finds a spec that it cannot read', async () => {
    const { world, ask } = await asking();
    world.cluster.change(faceModels, ref, { spec: { training: 'no' } });
    const asked = ask();
    await world.pass();
    await expect(asked).resolves.toBeUndefined();
    expect(world.status?.activation).toBeNull();
  });

  it('finds that the model is being deleted', async () => {
    const { world, ask } = await asking();
    world.cluster.change(faceModels, ref, { metadata: { deletionTimestamp: world.clock.now().toISOString() } });
    const asked = ask();
    await world.pass().catch(() => undefined);
    await expect(asked).resolves.toBeUndefined();
  });

  it('fails: it comes again, and is recorded by the first one that does not', async () => {
    const { world, ask } = await asking();
    const pointer = await world.objects.read(layout.active(world.storageId));
    await world.objects.replace(layout.active(world.storageId), new TextEncoder().encode('damaged'), pointer?.revision ?? null);
    const asked = ask();
    asked.catch(() => undefined);
    await world.pass();
    await expect(asked).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    await world.objects.remove(layout.active(world.storageId));
    await settled(world);
    expect(world.status?.activation).toMatchObject({ version: 'v-1' });
    await expect(ask()).resolves.toBeUndefined();
  });
});

async function settled(world: ModelWorld): Promise<void> {
  for (let i = 0; i < 4; i++) await world.pass();
}
