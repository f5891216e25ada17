import { FaceHashError, newId, type Clock, type Random } from '@facehash/kernel';
import type { KvBucket, ModelState, PeopleProjection } from '@facehash/messaging-core';
import type { ObjectStore } from '@facehash/object-store-core';
import type { Page, PageRequest, Person, Photo, Registry } from '@facehash/registry-core';
import type { FaceAnalyser } from '@facehash/vision-core';
import { noCheckpoint, type OnCheckpoint } from './checkpoint.js';
import { PeopleProjector } from './people-projection.js';
import { checkedPerson } from './person-input.js';
import { asRejection, rejected, takeIn, type Counted, type IntakeParts } from './photo-intake.js';
import type { SnapshotCutter } from './snapshot-cutter.js';
import type { Enrolment, EnrolmentResult, IncomingPhoto, NewPerson } from './types.js';

export interface EnrolmentParts {
  readonly registry: Registry;
  readonly objects: ObjectStore;
  readonly analyser: FaceAnalyser;
  readonly people: KvBucket<PeopleProjection>;
  readonly cutter: SnapshotCutter;
  readonly clock: Clock;
  readonly random: Random;
  /** Photos of one call that are worked on at once. */
  readonly photosInFlight: number;
  readonly checkpoint?: OnCheckpoint;
}

export function createEnrolment(parts: EnrolmentParts): Enrolment {
  return new EnrolmentService(parts);
}

class EnrolmentService implements Enrolment {
  readonly #projector: PeopleProjector;
  readonly #intake: IntakeParts;

  constructor(private readonly parts: EnrolmentParts) {
    const { registry, objects, analyser, people, cutter, clock, checkpoint = noCheckpoint } = parts;
    this.#projector = new PeopleProjector(people, registry);
    this.#intake = { registry, objects, analyser, clock, checkpoint, counted: (storageId) => cutter.noticed(storageId) };
  }

  async createPerson(model: ModelState, input: NewPerson, signal?: AbortSignal): Promise<Person> {
    const { outcome, person } = await this.#create(model, input, signal);
    if (outcome === 'exists') throw new FaceHashError('PERSON_EXISTS', { id: person.id });
    return person;
  }

  async ensurePerson(model: ModelState, name: string, signal?: AbortSignal): Promise<Person> {
    const checked = checkedPerson({ name }).name ?? name;
    const known = await this.parts.registry.personByName(model.storageId, checked, signal);
    if (!known) return (await this.#create(model, { name: checked }, signal)).person;
    // The projection may have missed the name when the program died right after the registry had it.
    await this.#projector.name(model.storageId, known, signal);
    return known;
  }

  async changePerson(model: ModelState, id: string, change: Partial<NewPerson>, signal?: AbortSignal): Promise<Person> {
    const changed = await this.parts.registry.changePerson(model.storageId, id, checkedPerson(change), signal);
    if (!changed) throw new FaceHashError('PERSON_NOT_FOUND', { id });
    await this.#projector.name(model.storageId, changed, signal);
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

  async enrol(
    model: ModelState,
    personId: string,
    photos: AsyncIterable<IncomingPhoto> | Iterable<IncomingPhoto>,
    signal?: AbortSignal,
  ): Promise<EnrolmentResult> {
    const person = await this.person(model, personId, signal);
    const room = await this.#room(model, person, signal);
    const results: Counted[] = [];
    const inFlight = new Set<Promise<void>>();
    const failures: unknown[] = [];
    for await (const photo of photos) {
      if (failures.length > 0) break;
      const work = this.#one(room, person, photo, signal)
        .then((counted) => void results.push(counted))
        .catch((error: unknown) => void failures.push(error))
        .finally(() => inFlight.delete(work));
      inFlight.add(work);
      if (inFlight.size >= this.parts.photosInFlight) await Promise.race(inFlight);
    }
    await Promise.all(inFlight);
    // The photos that were taken in stay; sent again, they are duplicates and cost nothing.
    if (failures.length > 0) throw failures[0];
    const ordered = results.map((r) => r.result).sort((a, b) => a.index - b.index);
    const counters = results.flatMap((r) => (r.counter === null ? [] : [r.counter]));
    return { person, photos: ordered, counter: counters.length > 0 ? Math.max(...counters) : null };
  }

  trainNow(model: ModelState, signal?: AbortSignal): Promise<number | null> {
    return this.parts.cutter.cutNow(model.storageId, signal);
  }

  async #create(model: ModelState, input: NewPerson, signal?: AbortSignal) {
    const { registry, clock, random } = this.parts;
    const { name = input.name, externalId = null, metadata = {} } = checkedPerson(input);
    const { people } = await registry.counts(model.storageId, signal);
    if (people >= model.limits.people && !(await registry.personByName(model.storageId, name, signal))) {
      throw new FaceHashError('LIMIT_REACHED', { people: model.limits.people });
    }
    const person = {
      id: newId('per', clock, random),
      storageId: model.storageId,
      name,
      externalId,
      metadata,
      createdAt: clock.now().toISOString(),
    };
    const created = await registry.createPerson(person, signal);
    await this.#projector.name(model.storageId, created.person, signal);
    return created;
  }

  async #one(room: Room, person: Person, photo: IncomingPhoto, signal?: AbortSignal): Promise<Counted> {
    if (photo.bytes.length === 0) return { result: rejected(photo, 'IMAGE_UNREADABLE', 'the photo is empty'), counter: null };
    if (room.left <= 0) return { result: rejected(photo, 'LIMIT_REACHED', room.why), counter: null };
    room.left--;
    try {
      const counted = await takeIn(this.#intake, person, photo, signal);
      if (counted.result.outcome !== 'accepted') room.left++;
      return counted;
    } catch (error) {
      const rejection = asRejection(photo, error);
      if (!rejection) throw error;
      room.left++;
      return { result: rejection, counter: null };
    }
  }

  /** How many more photos this call may add. Counted once: two calls at once may together go over by what one of them adds. */
  async #room(model: ModelState, person: Person, signal?: AbortSignal): Promise<Room> {
    const { max } = model.photosPerPerson;
    const own = await this.parts.registry.photos(model.storageId, person.id, { limit: max }, signal);
    const { photos } = await this.parts.registry.counts(model.storageId, signal);
    const [forPerson, forModel] = [max - own.items.length, model.limits.photos - photos];
    return forPerson <= forModel
      ? { left: forPerson, why: `the person has the ${max} photos that the model allows each` }
      : { left: forModel, why: `the model has the ${model.limits.photos} photos that its limits allow` };
  }
}

interface Room {
  left: number;
  readonly why: string;
}
