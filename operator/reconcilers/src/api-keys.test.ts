import { apiKeyHash, isApiKey, newApiKey, validApiKeyHashes, type KubernetesStatus } from '@facehash/facemodel';
import { seededRandom, systemRandom } from '@facehash/kernel';
import { FakeClock, RecordingLogger } from '@facehash/kernel/testing';
import type { EventNote, KubeClient, KubeObject } from '@facehash/operator-runtime';
import { whyNotHere } from '@facehash/operator-runtime/testing';
import { startApiServer } from '@facehash/test-servers';
import { ApiKeys, type KeyFacts } from './api-keys.js';
import { secrets } from './owned-resources.js';
import { faceModels } from './resources.js';
import { operated, type Operated } from './testing/operated.js';
import { statusWith, viewOf } from './testing/view.js';

const HOUR_MS = 3_600_000;
const api = await operated(await startApiServer().catch(whyNotHere));
const { signal } = new AbortController();

afterAll(async () => {
  if (typeof api !== 'string') await api[Symbol.asyncDispose]();
});

describe('the API key of a FaceModel', () => {
  if (typeof api === 'string') it.skip(`needs an API server: ${api}`, () => undefined);
  else kept(api);
});

/** Refuses or forgets to answer the calls that it is told to. */
class Weather implements Pick<KubeClient, 'get' | 'create' | 'patch'> {
  calls: string[] = [];
  /** Before or after which write the process dies, counted from now. */
  dies: { readonly write: number; readonly when: 'before' | 'after' } | undefined;
  #writes = 0;

  constructor(private readonly client: KubeClient) {}

  get: KubeClient['get'] = (resource, ...rest) => {
    this.calls.push(`get ${resource.plural}`);
    return this.client.get(resource, ...rest);
  };
  create: KubeClient['create'] = (resource, ...rest) =>
    this.#write(`create ${resource.plural}`, () => this.client.create(resource, ...rest));
  patch: KubeClient['patch'] = (resource, ...rest) => this.#write(`patch ${resource.plural}`, () => this.client.patch(resource, ...rest));

  die(dies: Weather['dies']): void {
    this.dies = dies;
    this.#writes = 0;
  }

  async #write<T>(call: string, work: () => Promise<T>): Promise<T> {
    this.calls.push(call);
    const dies = this.dies?.write === ++this.#writes ? this.dies.when : undefined;
    if (dies === 'before') throw new Error('killed');
    const done = await work();
    if (dies === 'after') throw new Error('killed');
    return done;
  }
}

/** An operator that keeps the key of one model and writes its status; it can die and come back. */
class Keeper {
  readonly weather: Weather;
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly notes: EventNote[] = [];
  #keys: ApiKeys;

  constructor(
    readonly model: string,
    private readonly on: Operated,
  ) {
    this.weather = new Weather(on.client);
    this.#keys = this.#born();
  }

  restart(): void {
    this.#keys = this.#born();
  }

  /** One pass: look, decide, write the status once. */
  async pass(): Promise<KeyFacts> {
    this.weather.calls = [];
    const object = await this.on.get(this.model);
    const view = viewOf(object);
    const facts = await this.#keys.ensure(view, signal);
    const conditions: KubernetesStatus['conditions'] = facts.trouble
      ? [{ type: 'Stalled', status: 'True', ...facts.trouble, lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration: 1 }]
      : [];
    const observedGeneration = object.metadata.generation ?? 0;
    const status = statusWith({ storageId: 'fm-0001-test', apiKey: facts.status, conditions, observedGeneration });
    const { resourceVersion } = object.metadata;
    const body = { metadata: { resourceVersion }, status };
    const ref = { name: this.model, namespace: 'default' };
    await this.weather.patch(faceModels, ref, { strategy: 'merge', body, subresource: 'status' });
    return facts;
  }

  /** Hashes of the keys that are valid by what is written down. */
  async valid(): Promise<readonly string[]> {
    const { apiKey } = viewOf(await this.on.get(this.model)).status ?? {};
    const keys = { apiKeyHashes: apiKey?.hashes ?? [], oldKeyValidUntil: apiKey?.oldKeyValidUntil ?? null };
    return validApiKeyHashes(keys, this.clock.now());
  }

  secret(name = `${this.model}-api-key`): Promise<KubeObject | undefined> {
    return this.on.client.get(secrets, { name, namespace: 'default' });
  }

  /** The hash of the key that the owner reads; undefined where there is none. */
  async owners(): Promise<string | undefined> {
    const key = await this.key();
    return key === undefined ? undefined : apiKeyHash(key);
  }

  async key(): Promise<string | undefined> {
    const data = (await this.secret())?.['data'] as Record<string, string> | undefined;
    return data?.['api-key'] === undefined ? undefined : Buffer.from(data['api-key'], 'base64').toString();
  }

  async write(key: string, more: Partial<KubeObject> = {}): Promise<void> {
    const metadata = { name: `${this.model}-api-key`, namespace: 'default' };
    await this.on.client.apply(secrets, { metadata, type: 'facehash.dev/api-key', data: { 'api-key': btoa(key) }, ...more });
  }

  async drop(): Promise<void> {
    await this.on.client.delete(secrets, { name: `${this.model}-api-key`, namespace: 'default' });
  }

  async annotate(annotations: Readonly<Record<string, string>>): Promise<void> {
    const body = { metadata: { annotations } };
    await this.on.client.patch(faceModels, { name: this.model, namespace: 'default' }, { strategy: 'merge', body });
  }

  #born(): ApiKeys {
    return new ApiKeys({
      client: this.weather,
      clock: this.clock,
      random: systemRandom,
      logger: this.logger,
      record: (note) => this.notes.push(note),
    });
  }
}

function kept(on: Operated): void {
  let models = 0;
  const aKeeper = async (spec: object = {}, metadata: object = {}): Promise<Keeper> => {
    const name = `door-${++models}`;
    await on.apply(name, spec, metadata);
    return new Keeper(name, on);
  };
  const settledKeeper = async (): Promise<Keeper> => {
    const keeper = await aKeeper();
    await keeper.pass();
    keeper.notes.length = 0;
    return keeper;
  };

  it('is made in a Secret of its own type that goes with the model', async () => {
    const keeper = await aKeeper();
    const facts = await keeper.pass();
    const { metadata, type } = (await keeper.secret()) ?? { metadata: { name: '' } };
    const { uid } = (await on.get(keeper.model)).metadata;
    expect([type, metadata.labels]).toEqual(['facehash.dev/api-key', { 'app.kubernetes.io/managed-by': 'facehash-operator' }]);
    const reference = { apiVersion: 'facehash.dev/v1alpha1', kind: 'FaceModel', name: keeper.model, uid, controller: true };
    expect(metadata.ownerReferences).toEqual([reference]);
    const hash = await keeper.owners();
    expect(facts).toMatchObject({
      apiKeyHashes: [hash],
      oldKeyValidUntil: null,
      trouble: null,
      status: { hashes: [hash], rotation: null },
    });
    expect(isApiKey((await keeper.key()) ?? '')).toBe(true);
    expect(keeper.notes).toMatchObject([{ reason: 'ApiKeyReady', note: `the key is in the Secret ${keeper.model}-api-key` }]);
  });

  it('costs no call once it is written down, also for the next process, and one in an hour', async () => {
    const keeper = await settledKeeper();
    const status = ['patch facemodels'];
    for (let pass = 0; pass < 3; pass++) {
      await keeper.pass();
      expect(keeper.weather.calls).toEqual(status);
      keeper.restart();
    }
    keeper.clock.advance(1.5 * HOUR_MS);
    await keeper.pass();
    expect(keeper.weather.calls).toEqual(['patch facemodels']); // first sight of this process
    keeper.clock.advance(1.5 * HOUR_MS);
    await keeper.pass();
    expect(keeper.weather.calls).toEqual(['get secrets', ...status]);
    await keeper.pass();
    expect(keeper.weather.calls).toEqual(status);
  });

  it('is another one when a new text asks for it, and the one before stays valid for a day', async () => {
    const keeper = await settledKeeper();
    const before = await keeper.owners();
    await keeper.annotate({ 'facehash.dev/rotate-api-key': 'july' });
    await keeper.pass();
    const after = await keeper.owners();
    expect(after).not.toBe(before);
    expect(await keeper.valid()).toEqual([after, before]);
    expect(keeper.notes).toMatchObject([{ reason: 'ApiKeyRotated' }]);
    await keeper.pass();
    keeper.restart();
    await keeper.pass();
    expect(await keeper.owners()).toBe(after);
    keeper.clock.advance(24 * HOUR_MS);
    expect((await keeper.pass()).apiKeyHashes).toEqual([after]);
    await keeper.annotate({ 'facehash.dev/rotate-api-key': 'august', 'facehash.dev/old-key-grace': '0s' });
    await keeper.pass();
    expect(await keeper.valid()).toEqual([await keeper.owners()]);
    expect(await keeper.owners()).not.toBe(after);
  });

  it('is the owner’s own where one is written into the Secret, or beside the model before it', async () => {
    const [own, other] = [newApiKey(seededRandom(7)), newApiKey(seededRandom(8))];
    const name = `door-${models + 1}`;
    await new Keeper(name, on).write(`${own}\n`);
    const keeper = await aKeeper();
    expect((await keeper.pass()).apiKeyHashes).toEqual([apiKeyHash(own)]);
    expect((await keeper.secret())?.metadata.ownerReferences).toMatchObject([{ name, controller: true }]);
    await keeper.write(other);
    keeper.clock.advance(1.5 * HOUR_MS);
    expect((await keeper.pass()).apiKeyHashes).toEqual([apiKeyHash(other), apiKeyHash(own)]);
  });

  it('is made again where the Secret was deleted', async () => {
    const keeper = await settledKeeper();
    const before = await keeper.owners();
    await keeper.drop();
    keeper.clock.advance(1.5 * HOUR_MS);
    await keeper.pass();
    expect(await keeper.valid()).toEqual([await keeper.owners(), before]);
  });

  it('is never taken from a Secret of another type, which stays as it is, and the trouble lasts until its owner acts', async () => {
    const keeper = await aKeeper({ apiKey: { secretName: 'database' } });
    const password = {
      metadata: { name: 'database', namespace: 'default' },
      type: 'Opaque',
      data: { 'api-key': btoa(newApiKey(seededRandom(9))) },
    };
    const before = await on.client.create(secrets, password);
    const facts = await keeper.pass();
    expect(facts).toMatchObject({ apiKeyHashes: [], status: null, trouble: { reason: 'ApiKeySecretTaken' } });
    expect(facts.trouble?.message).toBe(
      'the Secret database is of type Opaque and not facehash.dev/api-key: delete it, or name another one in spec.apiKey.secretName',
    );
    expect(await on.client.get(secrets, { name: 'database', namespace: 'default' })).toEqual(before);
    await keeper.pass();
    expect(keeper.weather.calls).toEqual(['patch facemodels']);
    expect((await keeper.pass()).trouble?.reason).toBe('ApiKeySecretTaken');
    keeper.restart();
    expect((await keeper.pass()).trouble?.reason).toBe('ApiKeySecretTaken');
    await on.apply(keeper.model, { apiKey: { secretName: 'door-key' } });
    expect((await keeper.pass()).apiKeyHashes).toHaveLength(1);
  });

  it('is one model’s alone', async () => {
    const [one, two] = [await aKeeper({ apiKey: { secretName: 'shared' } }), await aKeeper({ apiKey: { secretName: 'shared' } })];
    await one.pass();
    expect(await two.pass()).toMatchObject({ apiKeyHashes: [], trouble: { reason: 'ApiKeySecretTaken' } });
  });

  it('stays the one before where the Secret holds something else', async () => {
    const keeper = await settledKeeper();
    const before = await keeper.owners();
    await keeper.write('hunter2');
    keeper.clock.advance(1.5 * HOUR_MS);
    expect(await keeper.pass()).toMatchObject({ apiKeyHashes: [before], trouble: { reason: 'ApiKeyMalformed' } });
    expect(await keeper.valid()).toEqual([before]);
    await keeper.annotate({ 'facehash.dev/rotate-api-key': 'again' });
    expect(await keeper.pass()).toMatchObject({ apiKeyHashes: [await keeper.owners(), before], trouble: null });
  });

  it('that was found counts although its first status was lost', async () => {
    const keeper = await settledKeeper();
    await keeper.annotate({ 'facehash.dev/rotate-api-key': 'lost' });
    keeper.weather.die({ write: 2, when: 'before' });
    await expect(keeper.pass()).rejects.toThrow('killed');
    keeper.weather.die(undefined);
    const facts = await keeper.pass();
    expect(facts.apiKeyHashes[0]).toBe(await keeper.owners());
    expect(await keeper.valid()).toContain(await keeper.owners());
  });

  it('is in no line of the log, no event and no error', async () => {
    const keeper = await aKeeper();
    await keeper.pass();
    await on.client.patch(
      secrets,
      { name: `${keeper.model}-api-key`, namespace: 'default' },
      { strategy: 'merge', body: { immutable: true } },
    );
    await keeper.annotate({ 'facehash.dev/rotate-api-key': 'immutable' });
    expect((await keeper.pass()).trouble).toMatchObject({ reason: 'ApiKeySecretRefused' });
    const said = JSON.stringify([keeper.logger.lines.map(({ message, fields }) => [message, String(fields['error'])]), keeper.notes]);
    expect(said).toContain('cannot be written');
    expect(said).not.toMatch(/fhk_|Zmhr/);
    expect(said).not.toContain((await keeper.key()) ?? 'fhk');
  });

  it('is with its owner and valid, or becomes so, wherever the process dies, and the keys before are not cut off', async () => {
    for (const when of ['before', 'after'] as const) {
      for (const write of [1, 2, 3]) {
        const keeper = await aKeeper();
        for (const text of ['', 'one', 'two']) {
          const validBefore = await keeper.valid();
          await keeper.annotate({ 'facehash.dev/rotate-api-key': text });
          keeper.weather.die({ write, when });
          await keeper.pass().catch(() => keeper.restart());
          keeper.weather.die(undefined);
          const owners = await keeper.owners();
          const valid = await keeper.valid();
          // What was valid is still.
          if (validBefore[0] !== undefined) expect(valid).toContain(validBefore[0]);
          await keeper.pass();
          await keeper.pass();
          if (owners !== undefined) expect(await keeper.valid()).toContain(owners);
          expect((await keeper.valid())[0]).toBe(await keeper.owners());
        }
      }
    }
  });
}
