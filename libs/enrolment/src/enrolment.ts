import { layout } from '@facehash/artifacts';
import { FaceHashError, newId, noTracer, sha256Hex, type Clock, type Random, type Tracer } from '@facehash/kernel';
import type { KvBucket, ModelState, PeopleProjection } from '@facehash/messaging-core';
import type { ObjectStore } from '@facehash/object-store-core';
import type { Page, PageRequest, Person, Photo, Registry } from '@facehash/registry-core';
import type { FaceAnalyser, Pipeline } from '@facehash/vision-core';
import { noCheckpoint, type OnCheckpoint } from './checkpoint.js';
import { Owner } from './owner.js';
import { PeopleProjector } from './people-projection.js';
import { checkedPerson } from './person-input.js';
import { asRejection, rejected, takeIn, type Counted, type IntakeParts } from './photo-intake.js';
import { PhotosInFlight } from './photos-in-flight.js';
import { Room } from './room.js';
import type { SnapshotCutter } from './snapshot-cutter.js';
import type { Enrolment, EnrolmentResult, IncomingPhoto, NewPerson, Whom } from './types.js';

const namesFull = { detail: 'the names of all people together are as long as those of one model may be' };

export interface EnrolmentParts {
  readonly registry: Registry;
  readonly objects: ObjectStore;
  readonly analyser: FaceAnalyser;
  /** The one that versions are trained with: what it says of a photo is stored with it. */
  readonly pipeline: Pipeline;
  readonly people: KvBucket<PeopleProjection>;
  readonly cutter: SnapshotCutter;
  readonly clock: Clock;
  readonly random: Random;
  /** Photos of one call that are worked on at once. */
  readonly photosInFlight: number;
  readonly checkpoint?: OnCheckpoint;
  /** Is told of each photo that is taken in. */
  readonly tracer?: Tracer;
}

export function createEnrolment(parts: EnrolmentParts): Enrolment {
  return new EnrolmentService(parts);
}

class EnrolmentService implements Enrolment {
  readonly #projector: PeopleProjector;
  readonly #intake: Omit<IntakeParts, 'room'>;
  readonly #tracer: Tracer;

  constructor(private readonly parts: EnrolmentParts) {
    const { registry, objects, analyser, pipeline, people, cutter, clock, checkpoint = noCheckpoint } = parts;
    this.#tracer = parts.tracer ?? noTracer;
    this.#projector = new PeopleProjector(people, registry, parts);
    this.#intake = { registry, objects, analyser, pipeline, clock, checkpoint, counted: (storageId) => cutter.noticed(storageId) };
  }

  async createPerson(model: ModelState, input: NewPerson, signal?: AbortSignal): Promise<Person> {
    const { outcome, person } = await this.#create(model, input, signal);
    if (outcome === 'exists') throw new FaceHashError('PERSON_EXISTS', { id: person.id });
    return person;
  }

  async changePerson(model: ModelState, id: string, change: Partial<NewPerson>, signal?: AbortSignal): Promise<Person> {
    const checked = checkedPerson(change);
    if (checked.name !== undefined && !(await this.#projector.hasRoomFor(model.storageId, checked.name, signal))) {
      throw new FaceHashError('LIMIT_REACHED', namesFull);
    }
    const changed = await this.parts.registry.changePerson(model.storageId, id, checked, signal);
    if (!changed) throw new FaceHashError('PERSON_NOT_FOUND', { id });
    await this.#projector.name(changed, signal);
    return changed;
  }

  async person(model: ModelState, id: string, signal?: AbortSignal): Promise<Person> {
    const person = await this.parts.registry.person(model.storageId, id, signal);
    if (!person) throw new FaceHashError('PERSON_NOT_FOUND', { id });
    return person;
  }

  people(model: ModelState, page: PageRequest, signal?: AbortSignal): Promise<Page<Person>> {
    return this.parts.registry.people(model.storageId, page, signal);
  }

  async photos(model: ModelState, personId: string, page: PageRequest, signal?: AbortSignal): Promise<Page<Photo>> {
    await this.person(model, personId, signal);
    return this.parts.registry.photos(model.storageId, personId, page, signal);
  }

  async photoBytes({ storageId }: ModelState, personId: string, photoId: string, signal?: AbortSignal): Promise<Uint8Array> {
    const photo = await this.parts.registry.photo(storageId, personId, photoId, signal);
    if (!photo) throw new FaceHashError('PHOTO_NOT_FOUND', { id: photoId });
    const key = layout.photo(storageId, personId, photoId);
    const object = await this.parts.objects.read(key, signal);
    if (object && sha256Hex(object.bytes) === photoId) return object.bytes;
    throw new FaceHashError('ARTIFACT_CORRUPT', { key });
  }

  async enrol(
    model: ModelState,
    whom: Whom,
    photos: AsyncIterable<IncomingPhoto> | Iterable<IncomingPhoto>,
    signal?: AbortSignal,
  ): Promise<EnrolmentResult> {
    const owner = 'personId' in whom ? await this.#known(model, whom.personId, signal) : await this.#named(model, whom.name, signal);
    const room = await this.#room(model, owner.known, signal);
    const work = new PhotosInFlight(this.parts.photosInFlight, signal);
    try {
      for await (const photo of photos) {
        if (work.failed) break;
        await work.add((stopped) => this.#one(room, owner, photo, stopped));
      }
    } catch (error) {
      // The body broke off: nobody waits for the rest, and no photo may be at work when its bytes are given back.
      await work.stop();
      throw error;
    }
    // The photos that were taken in stay; sent again, they are duplicates and cost nothing.
    const results = await work.results();
    const ordered = results.map((r) => r.result).sort((a, b) => a.index - b.index);
    const counters = results.flatMap((r) => (r.counter === null ? [] : [r.counter]));
    return {
      personId: owner.known?.id ?? null,
      photos: ordered,
      held: room.held,
      counter: counters.length > 0 ? Math.max(...counters) : null,
    };
  }

  trainNow(model: ModelState, signal?: AbortSignal): Promise<number | null> {
    return this.parts.cutter.cutNow(model.storageId, signal);
  }

  async #known(model: ModelState, personId: string, signal?: AbortSignal): Promise<Owner> {
    const person = await this.person(model, personId, signal);
    return new Owner(model.storageId, person, () => Promise.resolve(person));
  }

  async #named(model: ModelState, name: string, signal?: AbortSignal): Promise<Owner> {
    const checked = checkedPerson({ name }).name ?? name;
    const known = await this.parts.registry.personByName(model.storageId, checked, signal);
    // The projection may have missed the name when the program died right after the registry had it.
    if (known) await this.#projector.name(known, signal);
    return new Owner(model.storageId, known, async () => (await this.#create(model, { name: checked }, signal)).person);
  }

  async #create(model: ModelState, input: NewPerson, signal?: AbortSignal) {
    const { registry, clock, random } = this.parts;
    const { name = input.name, externalId = null, metadata = {} } = checkedPerson(input);
    const why = await this.#fullBecause(model, name, signal);
    if (why && !(await registry.personByName(model.storageId, name, signal))) throw new FaceHashError('LIMIT_REACHED', why);
    const person = {
      id: newId('per', clock, random),
      storageId: model.storageId,
      name,
      externalId,
      metadata,
      createdAt: clock.now().toISOString(),
    };
    const created = await registry.createPerson(person, signal);
    await this.#projector.name(created.person, signal);
    return created;
  }

  /** Undefined where one more person still fits. Asked before anything is written: what replicas cannot be told would keep all later photos back. */
  async #fullBecause(
    { storageId, limits }: ModelState,
    name: string,
    signal?: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>> | undefined> {
    const { people } = await this.parts.registry.counts(storageId, signal);
    if (people >= limits.people) return { people: limits.people };
    return (await this.#projector.hasRoomFor(storageId, name, signal)) ? undefined : namesFull;
  }

  async #one(room: Room, owner: Owner, photo: IncomingPhoto, signal: AbortSignal): Promise<Counted> {
    if (photo.bytes.length === 0) return { result: rejected(photo, 'IMAGE_UNREADABLE', 'the photo is empty'), counter: null };
    try {
      return await this.#tracer.span('photo.intake', () => takeIn({ ...this.#intake, room }, owner, photo, signal));
    } catch (error) {
      const rejection = asRejection(photo, error);
      if (!rejection) throw error;
      return { result: rejection, counter: null };
    }
  }

  /** How many more photos this call may add. Counted once: two calls at once may together go over by what one of them adds. */
  async #room(model: ModelState, person: Person | undefined, signal?: AbortSignal): Promise<Room> {
    const { max } = model.photosPerPerson;
    const own = person ? (await this.parts.registry.photos(model.storageId, person.id, { limit: max }, signal)).items.length : 0;
    const { photos } = await this.parts.registry.counts(model.storageId, signal);
    const forPerson = { left: max - own, why: `the person has the ${max} photos that the model allows each` };
    const forModel = { left: model.limits.photos - photos, why: `the model has the ${model.limits.photos} photos that its limits allow` };
    return new Room(own, forPerson.left <= forModel.left ? forPerson : forModel);
  }
}
