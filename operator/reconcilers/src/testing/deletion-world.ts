import { FaceHashError } from '@facehash/kernel';
import { FakeClock, RecordingLogger } from '@facehash/kernel/testing';
import type { ModelState, PeopleProjection } from '@facehash/messaging-core';
import { aModelState } from '@facehash/messaging-core/testing';
import { ApiError, type EventNote } from '@facehash/operator-runtime';
import { Deletion, type DeletionParts } from '../deletion.js';
import type { FaceModelView } from '../face-model-view.js';
import { ERASURE_FINALIZER } from '../names.js';
import { aView } from './view.js';

const STORAGE_ID = 'fm-0001-test';

const someNames: PeopleProjection = { v: 1, storageId: STORAGE_ID, revision: 1, names: { per_ann: 'Ann' }, tombstones: {} };

export interface WorldOptions {
  readonly names?: boolean;
  readonly objects?: number;
  readonly runs?: number;
  readonly workloads?: boolean;
  readonly keep?: boolean;
  readonly ownsStorage?: boolean;
  /** Calls to ports, counted from the first, at which the process is killed: before the call did anything, or after. */
  readonly kills?: ReadonlyMap<number, 'before' | 'after'>;
  /** Seconds after the deletion at which replicas begin to erase; null: there are none. */
  readonly replicaFrom?: number | null;
  /** Seconds after the deletion until which messaging and the object store are away. */
  readonly messagingFrom?: number;
  readonly objectsFrom?: number;
}

/** Everything that a deleted FaceModel has outside of its operator, and replicas that erase once they are told. */
export class DeletionWorld {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly notes: EventNote[] = [];
  state: ModelState | undefined;
  names: boolean;
  readonly objects: Set<string>;
  readonly runs: Set<string>;
  workloads: boolean;
  object: FaceModelView;
  gone = false;
  killed = 0;
  #calls = 0;
  readonly #began = this.clock.now().getTime();

  constructor(readonly options: WorldOptions = {}) {
    const { names = true, objects = 3, runs = 1, workloads = false, keep = false } = options;
    this.names = names;
    this.objects = new Set(Array.from({ length: objects }, (_, i) => `${STORAGE_ID}/photos/${i}`));
    this.runs = new Set(Array.from({ length: runs }, (_, i) => `run-${i}`));
    this.workloads = workloads;
    this.state = aModelState();
    const annotations = keep ? { 'facehash.dev/keep': 'true' } : {};
    const metadata = { annotations, finalizers: ['other', ERASURE_FINALIZER], deletionTimestamp: this.clock.now().toISOString() };
    this.object = aView({ metadata: { ...metadata, uid: STORAGE_ID, resourceVersion: '1' } });
  }

  /** As many passes as it takes, each by a process that may be killed. Whether the object was let go in the end. */
  async run(passes = 400): Promise<boolean> {
    let deletion = this.operator();
    for (let pass = 0; pass < passes && !this.gone; pass++) {
      try {
        const outcome = await deletion.proceed(this.object, new AbortController().signal);
        this.clock.advance(outcome.kind === 'waiting' ? outcome.retryAfterMs : 1000);
      } catch {
        deletion = this.operator();
        this.clock.advance(1000);
      }
      this.#replica();
    }
    return this.gone;
  }

  operator(): Deletion {
    return new Deletion(this.parts());
  }

  parts(): DeletionParts {
    const call = <T>(work: () => T): Promise<T> => this.#call(work);
    const messaging = <T>(work: () => T): Promise<T> => this.#reach(this.options.messagingFrom, work);
    const store = <T>(work: () => T): Promise<T> => this.#reach(this.options.objectsFrom, work);
    const entry = <T>(value: T | undefined) => (value === undefined ? undefined : { key: STORAGE_ID, value, revision: 1 });
    const listed = () => store(() => [...this.objects]);
    return {
      finalizer: {
        show: () => call(() => undefined),
        remove: ({ metadata }) => call(() => this.#let(metadata.resourceVersion)),
      },
      publishTombstone: ({ keep = false }) => messaging(() => void (this.state = aModelState({ tombstone: true, keep }))),
      models: { get: () => messaging(() => entry(this.state)) },
      people: { get: () => messaging(() => entry<PeopleProjection>(this.names ? someNames : undefined)) },
      objects: {
        list: async function* () {
          for (const key of await listed()) yield { key, sizeBytes: 1, modifiedAt: new Date(0) };
        },
        remove: (key) => store(() => void this.objects.delete(key)),
      },
      runner: {
        runs: () => [...this.runs].map((run) => ({ spec: { run, storageId: STORAGE_ID } as never, startedAt: new Date(0) })),
        cancel: (run) => call(() => void this.runs.delete(run)),
      },
      workloads: {
        present: () => call(() => this.workloads),
        remove: () => call(() => void (this.workloads = false)),
      },
      ownsStorage: () => this.options.ownsStorage ?? true,
      record: (note) => this.notes.push(note),
      clock: this.clock,
      logger: this.logger,
    };
  }

  #seconds(): number {
    return (this.clock.now().getTime() - this.#began) / 1000;
  }

  /** One step of erasing, if replicas were told: names first, objects last. */
  #replica(): void {
    const { replicaFrom = 0 } = this.options;
    if (replicaFrom === null || this.#seconds() < replicaFrom || this.state?.tombstone !== true || this.state.keep) return;
    if (this.names) this.names = false;
    else for (const key of [...this.objects].slice(0, 2)) this.objects.delete(key);
  }

  #reach<T>(from: number | undefined, work: () => T): Promise<T> {
    if (this.#seconds() < (from ?? 0)) return Promise.reject(new FaceHashError('STORE_UNAVAILABLE'));
    return this.#call(work);
  }

  async #call<T>(work: () => T): Promise<T> {
    const kill = this.options.kills?.get(this.#calls++);
    if (kill !== undefined) this.killed++;
    if (kill === 'before') throw new Error('killed');
    const done = work();
    if (kill === 'after') throw new Error('killed');
    return done;
  }

  #let(resourceVersion: string | undefined): void {
    if (resourceVersion !== this.object.metadata.resourceVersion) throw new ApiError('conflict', 'it was changed');
    this.gone = true;
  }
}
