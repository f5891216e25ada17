/**
 * A person of one model. Ids are ours (`per_…`), names are the owner's and unique within a model, by their exact code points: the caller
 * brings every name to NFC first, else one name written in two ways is two people.
 */
export interface Person {
  readonly id: string;
  readonly storageId: string;
  readonly name: string;
  readonly externalId: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/** A photo row: written after the photo's bytes are durable. Identified by person and content. */
export interface Photo {
  readonly storageId: string;
  readonly personId: string;
  /** SHA-256 of the bytes as they came, hexadecimal. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly addedAt: string;
  readonly quality: { readonly sizePx: number; readonly sharpness: number; readonly brightness: number; readonly turn: number };
}

/** What became of the wish to erase somebody: the receipt. It holds no name. */
export interface Erasure {
  readonly storageId: string;
  readonly personId: string;
  /** ISO 8601, UTC. From here on the person has no row and no photo row, and no new ones can be made. */
  readonly requestedAt: string;
  /** Photos that they had then. */
  readonly photos: number;
  /** From when on no live replica names them; null while one still may. */
  readonly maskedAt: string | null;
  /** When nothing that is stored held their photos, or was made from them, any more. */
  readonly completedAt: string | null;
}

/** A photo whose row is gone, and of which something may still be stored. */
export interface PhotoRemoval extends Pick<Photo, 'storageId' | 'personId' | 'sha256'> {
  readonly removedAt: string;
}

export interface PhotoToAdd extends Photo {
  /** It may be the photo of several people: the caller knows that another has it. */
  readonly shared?: boolean;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Pass it as `after` for the next page; null at the end. */
  readonly next: string | null;
}

export interface PageRequest {
  readonly after?: string;
  /** 1 to 1000: REQUEST_INVALID otherwise. */
  readonly limit: number;
}

export interface SampleCounts {
  readonly people: number;
  readonly photos: number;
}

/** People and photos that go, and what is left to do about it. Part of the registry, and under its rules. */
export interface ErasureRegister {
  /**
   * Writes the erasure and the removals of all their photos, then takes the person and the photos out of every reading. The erasure that
   * there is when it was asked for before; `undefined` when there never was such a person.
   */
  erasePerson(storageId: string, id: string, at: string, signal?: AbortSignal): Promise<Erasure | undefined>;
  erasure(storageId: string, personId: string, signal?: AbortSignal): Promise<Erasure | undefined>;
  /** In the order of person ids. */
  erasures(storageId: string, page: PageRequest, signal?: AbortSignal): Promise<Page<Erasure>>;
  /** Of every model, those that are not completed, ordered by (storageId, personId). */
  openErasures(signal?: AbortSignal): AsyncIterable<Erasure>;
  /** Sets what is given and was null. The erasure after it; `undefined` when there is none. */
  advanceErasure(
    storageId: string,
    personId: string,
    reached: { readonly maskedAt?: string; readonly completedAt?: string },
    signal?: AbortSignal,
  ): Promise<Erasure | undefined>;

  /** Takes one photo out of every reading and notes its removal. False when there is no such row. */
  removePhoto(photo: PhotoRemoval, signal?: AbortSignal): Promise<boolean>;
  /** Of every model, in the order of (storageId, personId, sha256). */
  removals(signal?: AbortSignal): AsyncIterable<PhotoRemoval>;
  /** Nothing of it is stored. No error when it was not noted. */
  removalDone(photo: Omit<PhotoRemoval, 'removedAt'>, signal?: AbortSignal): Promise<void>;
}

/**
 * Who is enrolled, with which photos. Needs no transactions: every call is one atomic change, safe to repeat, and durable when it
 * resolves. What is handed out belongs to the caller.
 *
 * The counter of a model says "something changed": it is bumped *after* each change is durable, and a snapshot reads the
 * counter *before* the rows. So a snapshot named by counter r holds at least everything that was acknowledged at r.
 * Every call rejects with STORE_UNAVAILABLE when the store cannot answer, and with the signal's reason once that aborts.
 */
export interface Registry extends ErasureRegister {
  /** `exists` gives the person who holds the name already, or else the id. */
  createPerson(person: Person, signal?: AbortSignal): Promise<{ readonly outcome: 'created' | 'exists'; readonly person: Person }>;
  person(storageId: string, id: string, signal?: AbortSignal): Promise<Person | undefined>;
  personByName(storageId: string, name: string, signal?: AbortSignal): Promise<Person | undefined>;
  /** In the order of ids, that is of creation. */
  people(storageId: string, page: PageRequest, signal?: AbortSignal): Promise<Page<Person>>;
  /**
   * Changes the given fields and leaves the others as they are by then. The changed person; `undefined` when there is none; rejects with
   * PERSON_EXISTS when another person holds the name.
   */
  changePerson(
    storageId: string,
    id: string,
    change: Partial<Pick<Person, 'name' | 'externalId' | 'metadata'>>,
    signal?: AbortSignal,
  ): Promise<Person | undefined>;

  /**
   * `duplicate` when this person has the photo already: the first row stays. `otherPerson` when another of the model has it, unless shared. `beingRemoved` while the removal of the same photo of theirs is
   * noted: what is being deleted would take the new bytes along. Rejects with PERSON_NOT_FOUND.
   */
  addPhoto(photo: PhotoToAdd, signal?: AbortSignal): Promise<'added' | 'duplicate' | 'otherPerson' | 'beingRemoved'>;
  photo(storageId: string, personId: string, sha256: string, signal?: AbortSignal): Promise<Photo | undefined>;
  /** The same bytes, under whichever persons of the model, in the order of their ids. */
  photosBySha256(storageId: string, sha256: string, signal?: AbortSignal): Promise<readonly Photo[]>;
  /** In the order of sha256. */
  photos(storageId: string, personId: string, page: PageRequest, signal?: AbortSignal): Promise<Page<Photo>>;
  /**
   * Every photo row of the model, ordered by (personId, sha256), read a page at a time: a model may have a million. What is added
   * meanwhile may be among them or not.
   */
  allPhotos(storageId: string, signal?: AbortSignal): AsyncIterable<Photo>;
  /** Of one moment. */
  counts(storageId: string, signal?: AbortSignal): Promise<SampleCounts>;

  /** Adds one and gives the new value: 1 for the first. Values are never given twice. */
  bumpCounter(storageId: string, signal?: AbortSignal): Promise<number>;
  /** 0 for a model that nothing happened to. */
  counter(storageId: string, signal?: AbortSignal): Promise<number>;
  /** Raises the counter to this value, of a model that comes from elsewhere; one that is as high already stays. The value it has then. */
  raiseCounter(storageId: string, value: number, signal?: AbortSignal): Promise<number>;
  /** Every model that has a counter, in the order of storage ids, for the sweep of those whose snapshot is behind. */
  counters(signal?: AbortSignal): AsyncIterable<{ readonly storageId: string; readonly counter: number }>;

  /**
   * Erases all people, photos and the counter of a model. Not at once: it lets others have their turns, so what is added meanwhile may
   * stay. Safe to repeat.
   */
  eraseModel(storageId: string, signal?: AbortSignal): Promise<void>;
}
