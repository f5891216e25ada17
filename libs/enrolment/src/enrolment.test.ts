import fc from 'fast-check';
import { decodeDocument, decodeFeatures, landmarksSchema, latestPointerSchema, layout, snapshotSchema } from '@facehash/artifacts';
import { FaceHashError, seededRandom, sha256Hex, silentLogger, systemClock } from '@facehash/kernel';
import type { Command, Messaging, ModelState } from '@facehash/messaging-core';
import { aModelState } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { InMemoryRegistry } from '@facehash/registry-core/testing';
import { eventually } from '@facehash/testing';
import { builtIn, ratios } from '@facehash/vision-core';
import { aDescriptor, aFace, anAnalysis, FakeFaceAnalyser } from '@facehash/vision-core/testing';
import { checkpoints, type Checkpoint } from './checkpoint.js';
import { createEnrolment } from './enrolment.js';
import { PeopleProjector } from './people-projection.js';
import { openSnapshotCutter, type SnapshotCutter } from './snapshot-cutter.js';
import type { Enrolment, EnrolmentResult, IncomingPhoto, NewPerson } from './types.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const photo = (content: string, index = 0): IncomingPhoto => ({ index, bytes: bytes(content) });

/** One replica over stores that outlive it: `crash` ends it at a checkpoint, `restart` begins another. */
class Replica implements AsyncDisposable {
  readonly registry = new InMemoryRegistry();
  readonly objects = new InMemoryObjectStore();
  readonly analyser = new FakeFaceAnalyser();
  readonly model: ModelState;
  messaging!: Messaging;
  cutter!: SnapshotCutter;
  enrolment!: Enrolment;
  #crashAt: Checkpoint | undefined;

  constructor(model: Partial<ModelState> = {}) {
    this.model = aModelState({ debounceSeconds: 0.01, ...model });
    this.start();
  }

  start(): void {
    const { registry, objects, analyser, model } = this;
    const context = { clock: systemClock, random: seededRandom(1), logger: silentLogger };
    const checkpoint = (name: Checkpoint): void => {
      if (name === this.#crashAt) throw new Error(`crash at ${name}`);
    };
    this.messaging = openLocalMessaging({ clock: systemClock });
    this.cutter = openSnapshotCutter({
      registry,
      objects,
      commands: this.messaging.commands,
      people: this.messaging.people,
      rules: () => model,
      ...context,
      checkpoint,
    });
    const { cutter } = this;
    this.enrolment = createEnrolment({
      registry,
      objects,
      analyser,
      pipeline: builtIn,
      people: this.messaging.people,
      cutter,
      ...context,
      photosInFlight: 3,
      checkpoint,
    });
  }

  crashAt(name: Checkpoint | undefined): void {
    this.#crashAt = name;
  }

  async restart(): Promise<void> {
    this.#crashAt = undefined;
    await this.cutter.close();
    await this.messaging.close();
    this.start();
  }

  async person(name = 'Ann'): Promise<string> {
    const known = await this.registry.personByName(this.model.storageId, name);
    return (known ?? (await this.enrolment.createPerson(this.model, { name }))).id;
  }

  enrol(personId: string, ...contents: string[]): Promise<EnrolmentResult> {
    return this.enrolment.enrol(
      this.model,
      { personId },
      contents.map((content, i) => photo(content, i)),
    );
  }

  /** Digests in the snapshot that `latest` points to. */
  async latest(): Promise<{ readonly counter: number; readonly photos: ReadonlySet<string> } | undefined> {
    const pointer = await this.objects.read(layout.latestSamples(this.model.storageId));
    if (!pointer) return undefined;
    const { counter } = decodeDocument(latestPointerSchema, pointer.bytes, 'latest');
    const snapshot = await this.objects.read(layout.samples(this.model.storageId, counter));
    const { people } = decodeDocument(snapshotSchema, snapshot?.bytes ?? new Uint8Array(), 'snapshot');
    return { counter, photos: new Set(people.flatMap((p) => p.photos)) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cutter.close();
    await this.messaging.close();
  }
}

describe('enrolling photos', () => {
  it('answers one result per photo, in the order of the request, and the counter that covers them', async () => {
    await using replica = new Replica();
    const ann = await replica.person();
    replica.analyser
      .shows(bytes('no face'), anAnalysis({ faces: [] }))
      .shows(bytes('junk'), { readable: false, problem: 'IMAGE_UNREADABLE', detail: 'not an image' });
    const { photos, counter } = await replica.enrol(ann, 'one', 'no face', 'two', 'one', 'junk');
    expect(photos.map((p) => (p.outcome === 'rejected' ? p.code : p.outcome))).toEqual([
      'accepted',
      'FACE_NOT_FOUND',
      'accepted',
      'duplicate',
      'IMAGE_UNREADABLE',
    ]);
    expect(photos.map((p) => p.index)).toEqual([0, 1, 2, 3, 4]);
    expect(counter).toBe(3);
  });

  it('stores bytes, landmarks and what training needs of them under the photo’s digest', async () => {
    await using replica = new Replica();
    const ann = await replica.person();
    replica.analyser.shows(bytes('one'), anAnalysis({ faces: [aFace({ descriptor: aDescriptor(7) })] }));
    await replica.enrol(ann, 'one');
    const sha256 = sha256Hex('one');
    const { storageId } = replica.model;
    const stored = async (key: string) => (await replica.objects.read(key))?.bytes ?? new Uint8Array();
    expect(await stored(layout.photo(storageId, ann, sha256))).toEqual(bytes('one'));
    const { landmarks } = decodeDocument(landmarksSchema, await stored(layout.landmarks(storageId, 'p1', sha256)), 'landmarks');
    const features = decodeFeatures(await stored(layout.features(storageId, 'p1', sha256)), 'features');
    expect(features).toEqual({ descriptor: aDescriptor(7), ratios: ratios(landmarks) });
  });

  it.each([
    [
      'two faces of like size',
      anAnalysis({
        faces: [aFace({ box: { x: 0, y: 0, width: 100, height: 100 } }), aFace({ box: { x: 120, y: 0, width: 80, height: 80 } })],
      }),
      'FACES_TOO_MANY',
    ],
    [
      'a hopelessly blurred face',
      anAnalysis({ faces: [aFace({ quality: { sizePx: 100, sharpness: 0.1, brightness: 120, turn: 0 } })] }),
      'QUALITY_TOO_LOW',
    ],
  ])('rejects %s, with what was measured', async (_, analysis, code) => {
    await using replica = new Replica();
    const ann = await replica.person();
    replica.analyser.shows(bytes('x'), analysis);
    const { photos, counter } = await replica.enrol(ann, 'x');
    expect(photos).toEqual([expect.objectContaining({ outcome: 'rejected', code, detail: expect.stringMatching(/\d/) })]);
    expect(counter).toBeNull();
  });

  it('takes a photo with a small face in the background for the large one', async () => {
    await using replica = new Replica();
    const ann = await replica.person();
    const both = anAnalysis({
      faces: [aFace({ box: { x: 0, y: 0, width: 100, height: 100 } }), aFace({ box: { x: 150, y: 0, width: 40, height: 40 } })],
    });
    replica.analyser.shows(bytes('x'), both);
    expect((await replica.enrol(ann, 'x')).photos[0]?.outcome).toBe('accepted');
  });

  it('does not take the photo of another person', async () => {
    await using replica = new Replica();
    await replica.enrol(await replica.person('Ann'), 'same');
    expect((await replica.enrol(await replica.person('Ben'), 'same')).photos[0]).toMatchObject({
      outcome: 'rejected',
      code: 'PHOTO_OF_OTHER_PERSON',
    });
  });

  it('stops at the limits of the model, and duplicates do not count', async () => {
    await using replica = new Replica({ photosPerPerson: { min: 1, max: 2 } });
    const ann = await replica.person();
    const { photos } = await replica.enrol(ann, 'one', 'two', 'three');
    expect(photos.map((p) => p.outcome)).toEqual(['accepted', 'accepted', 'rejected']);
    // A client that lost the answer sends all of it again.
    const again = await replica.enrol(ann, 'one', 'two', 'three');
    expect(again.photos.map((p) => p.outcome)).toEqual(['duplicate', 'duplicate', 'rejected']);
    expect(again.counter).not.toBeNull();
    expect((await replica.enrolment.people(replica.model, { limit: 10 })).items).toHaveLength(1);
    await using small = new Replica({ limits: { people: 1, photos: 10, requestsPerSecond: null, burst: null } });
    await small.person('Ann');
    await expect(small.person('Ben')).rejects.toMatchObject({ code: 'LIMIT_REACHED' });
    await expect(small.person('Ann')).resolves.toBeDefined();
  });

  it('gives one photo that two people send at once to one of them', async () => {
    await using replica = new Replica();
    const [ann, ben] = [await replica.person('Ann'), await replica.person('Ben')];
    const both = await Promise.all([replica.enrol(ann, 'same'), replica.enrol(ben, 'same')]);
    const outcomes = both.flatMap(({ photos }) => photos.map((p) => (p.outcome === 'rejected' ? p.code : p.outcome)));
    expect(outcomes.sort()).toEqual(['PHOTO_OF_OTHER_PERSON', 'accepted']);
  });

  it('has no photo at work any more when a body that broke off is reported', async () => {
    await using replica = new Replica();
    const ann = await replica.person();
    let open = (): void => undefined;
    replica.analyser.gate = new Promise((resolve) => (open = resolve));
    const broken = async function* (): AsyncGenerator<IncomingPhoto, void> {
      yield photo('one', 0);
      yield photo('two', 1);
      throw new FaceHashError('REQUEST_INVALID');
    };
    let reported = false;
    const call = replica.enrolment.enrol(replica.model, { personId: ann }, broken()).finally(() => (reported = true));
    call.catch(() => undefined);
    while (replica.analyser.calls.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(reported).toBe(false);
    open();
    await expect(call).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('makes somebody of a new name with the first good photo of them, once, and not before', async () => {
    await using replica = new Replica();
    const { enrolment, model, analyser } = replica;
    const people = async () => (await enrolment.people(model, { limit: 10 })).items.map((p) => p.name);
    analyser.shows(bytes('no face'), anAnalysis({ faces: [] }));
    expect((await enrolment.enrol(model, { name: 'Ann' }, [photo('no face')])).counter).toBeNull();
    expect(await people()).toEqual([]);
    const { held } = await enrolment.enrol(model, { name: 'Ann' }, [photo('one', 0), photo('two', 1), photo('no face', 2)]);
    expect(held).toBe(2);
    expect(await people()).toEqual(['Ann']);
    expect((await enrolment.enrol(model, { name: 'Ann' }, [photo('one')])).photos[0]?.outcome).toBe('duplicate');
  });

  it('tells how many photos the person has', async () => {
    await using replica = new Replica();
    const ann = await replica.person();
    expect((await replica.enrol(ann, 'one', 'two')).held).toBe(2);
    expect((await replica.enrol(ann, 'two', 'three')).held).toBe(3);
  });

  it('fails as a whole when the store is away, keeps what it took in, and completes when it is sent again', async () => {
    await using replica = new Replica();
    const ann = await replica.person();
    await replica.enrol(ann, 'one');
    replica.objects.nextError = new FaceHashError('STORE_UNAVAILABLE');
    await expect(replica.enrol(ann, 'two')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect((await replica.enrol(ann, 'one', 'two')).photos.map((p) => p.outcome)).toEqual(['duplicate', 'accepted']);
  });

  it.each<[string, NewPerson]>([
    ['an empty name', { name: '  ' }],
    ['a name of 300 characters', { name: 'x'.repeat(300) }],
    ['a control character', { name: 'An\u0000n' }],
    ['an invisible character', { name: 'An\u200Bn' }],
    ['metadata without end', { name: 'Ann', metadata: { a: 'x'.repeat(1000) } }],
  ])('refuses %s and says where', async (_, person) => {
    await using replica = new Replica();
    await expect(replica.enrolment.createPerson(replica.model, person)).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      details: { problems: [expect.objectContaining({ path: expect.any(String) })] },
    });
  });

  it('knows a name in either Unicode form as one', async () => {
    await using replica = new Replica();
    const { enrolment, model } = replica;
    await enrolment.enrol(model, { name: 'Jos\u00e9' }, [photo('one')]);
    expect((await enrolment.enrol(model, { name: 'Jose\u0301' }, [photo('two')])).held).toBe(2);
    expect((await enrolment.people(model, { limit: 10 })).items).toHaveLength(1);
  });

  it('answer at once after a rename, without training', async () => {
    await using replica = new Replica();
    const ann = await replica.person('Ann');
    await replica.enrolment.changePerson(replica.model, ann, { name: 'Anne' });
    expect((await replica.messaging.people.get(replica.model.storageId))?.value.names).toEqual({ [ann]: 'Anne' });
  });

  it('are brought back from the registry after a restart', async () => {
    await using replica = new Replica();
    const ann = await replica.person('Ann');
    await replica.restart();
    expect(await replica.messaging.people.get(replica.model.storageId)).toBeUndefined();
    await new PeopleProjector(replica.messaging.people, replica.registry, { clock: systemClock, random: seededRandom(1) }).sync(
      replica.model.storageId,
    );
    expect((await replica.messaging.people.get(replica.model.storageId))?.value).toMatchObject({ names: { [ann]: 'Ann' }, revision: 1 });
  });
});

describe('snapshots', () => {
  it('are cut once for many photos, and say so to the controller', async () => {
    await using replica = new Replica();
    const ann = await replica.person();
    await replica.enrol(ann, ...Array.from({ length: 12 }, (_, i) => `photo ${i}`));
    const commands: Command[] = [];
    const stop = new AbortController();
    const consuming = replica.messaging.commands.consume(async (command) => void commands.push(command), stop.signal);
    await eventually(async () => (await replica.latest())?.counter === 12 && commands.length > 0);
    stop.abort();
    await consuming;
    expect(commands.at(-1)).toMatchObject({ kind: 'train', snapshot: 12 });
    expect(replica.objects.writes.filter((key) => /samples\/\d+/.test(key)).length).toBeLessThanOrEqual(2);
  });

  it('leave out who has fewer photos than the model wants', async () => {
    await using replica = new Replica({ photosPerPerson: { min: 2, max: 10 } });
    await replica.enrol(await replica.person('Ann'), 'a1', 'a2');
    await replica.enrol(await replica.person('Ben'), 'b1');
    await replica.enrolment.trainNow(replica.model);
    expect((await replica.latest())?.photos).toEqual(new Set([sha256Hex('a1'), sha256Hex('a2')]));
  });

  it('are none while nobody is enrolled', async () => {
    await using replica = new Replica();
    expect(await replica.enrolment.trainNow(replica.model)).toBeNull();
  });

  it('never move back when two replicas cut at once', async () => {
    await using replica = new Replica();
    const ann = await replica.person();
    for (let i = 0; i < 10; i++) {
      await replica.enrol(ann, `photo ${i}`);
      await Promise.all([replica.cutter.cutNow(replica.model.storageId), replica.cutter.cutNow(replica.model.storageId)]);
      expect((await replica.latest())?.counter).toBe(i + 1);
    }
  });
});

describe('a crash at any step', () => {
  it.each(checkpoints)('%s loses nothing that was acknowledged', async (step) => {
    await using replica = new Replica();
    const ann = await replica.person();
    const acknowledged = new Set<string>();
    const send = async (content: string): Promise<void> => {
      const result = await replica.enrol(ann, content).catch(() => undefined);
      if (result?.photos.every((p) => p.outcome !== 'rejected')) acknowledged.add(sha256Hex(content));
    };
    await send('before');
    replica.crashAt(step);
    await send('during');
    await replica.cutter.cutNow(replica.model.storageId).catch(() => undefined);
    await replica.restart();
    // Nobody sends anything any more: the sweep alone must find what is missing.
    await eventually(async () => {
      const latest = await replica.latest();
      return (
        latest !== undefined &&
        [...acknowledged].every((digest) => latest.photos.has(digest)) &&
        latest.counter === (await replica.registry.counter(replica.model.storageId))
      );
    });
    await replica.enrol(ann, 'during');
    await replica.cutter.cutNow(replica.model.storageId);
    expect((await replica.latest())?.photos).toContain(sha256Hex('during'));
  });

  it('in any order with enrolling and cutting keeps every acknowledged photo in the last snapshot', async () => {
    const action = fc.oneof(
      fc.integer({ min: 0, max: 30 }).map((n) => ({ kind: 'enrol' as const, n })),
      fc.constant({ kind: 'cut' as const }),
      fc.constantFrom(...checkpoints).map((at) => ({ kind: 'crash' as const, at })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
        await using replica = new Replica();
        const ann = await replica.person();
        const acknowledged = new Set<string>();
        for (const act of actions) {
          if (act.kind === 'crash') replica.crashAt(act.at);
          const content = act.kind === 'enrol' ? `photo ${act.n}` : 'crash photo';
          if (act.kind !== 'cut')
            await replica.enrol(ann, content).then(
              () => acknowledged.add(sha256Hex(content)),
              () => undefined,
            );
          if (act.kind !== 'enrol') await replica.cutter.cutNow(replica.model.storageId).catch(() => undefined);
          if (act.kind === 'crash') await replica.restart();
        }
        await replica.cutter.cutNow(replica.model.storageId);
        const latest = await replica.latest();
        for (const digest of acknowledged) expect(latest?.photos).toContain(digest);
      }),
      { numRuns: 60 },
    );
  });
});
