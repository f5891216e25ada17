import type { Logger, Random } from '@facehash/kernel';
import { hasApiCode } from './api-error.js';
import type { KubeClient } from './kube-client.js';
import { microTime } from './lease-record.js';
import type { KubeObject, ObjectRef } from './raw-object.js';
import { apiVersionOf, events, type Resource } from './resource.js';
import type { RuntimeClock } from './runtime-clock.js';

/** Something that happened to an object, for `kubectl describe`. */
export interface EventNote {
  readonly resource: Resource;
  readonly regarding: ObjectRef & { readonly uid?: string | undefined };
  readonly type: 'Normal' | 'Warning';
  /** Why, in one word of an API. */
  readonly reason: string;
  /** What was done about it, in one word. */
  readonly action: string;
  /** For people. What is equal in all of this is one event that is counted. */
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, 'create' | 'patch'>;
  /** As `kubectl describe` calls it: `example.com/operator`. */
  readonly controller: string;
  /** The name of the pod. */
  readonly instance: string;
  readonly clock: RuntimeClock;
  readonly random: Random;
  readonly logger: Logger;
  /** How often it looks for what is to be written. */
  readonly tickMs?: number;
  /** Between two writes of the same event. */
  readonly repeatMs?: number;
}

interface Series {
  readonly note: EventNote;
  readonly ref: ObjectRef;
  readonly firstAt: Date;
  count: number;
  written: number;
  writtenAtMs: number;
  lastAtMs: number;
  lastAt: Date;
}

/** As client-go ends a series, so that what happens again tomorrow is an event of tomorrow. */
const SERIES_ENDS_MS = 360_000;
const SERIES_MAX = 1_000;
/** Of one object, as client-go allows it at once. */
const SERIES_OF_OBJECT_MAX = 25;
/** An hour of trouble must not become an hour of writing. */
const WRITES_A_TICK = 10;
const NOTE_CHARS_MAX = 1_024;
const NAME_CHARS_MAX = 200;
const WRITE_MS = 5_000;
const LAST_WRITES_MS = 2_000;

/**
 * Events, the same one counted and not repeated. They are a courtesy: what does not fit or cannot be written is dropped, and nothing waits
 * for them.
 */
export class EventRecorder {
  readonly #series = new Map<string, Series>();
  readonly #ofObject = new Map<string, number>();
  #dropped = 0;

  constructor(private readonly options: EventRecorderOptions) {}

  /** Events that were dropped because there were too many. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Never throws, never waits. */
  record(note: EventNote): void {
    const key = keyOfSeries(note);
    const { clock } = this.options;
    const known = this.#series.get(key);
    if (known !== undefined) {
      known.count++;
      [known.lastAt, known.lastAtMs] = [clock.now(), clock.monotonicMs()];
      return;
    }
    const object = keyOfObject(note);
    const ofObject = this.#ofObject.get(object) ?? 0;
    if (this.#series.size >= SERIES_MAX || ofObject >= SERIES_OF_OBJECT_MAX) {
      this.#dropped++;
      return;
    }
    this.#ofObject.set(object, ofObject + 1);
    const [now, nowMs] = [clock.now(), clock.monotonicMs()];
    this.#series.set(key, {
      note,
      ref: this.#ref(note),
      firstAt: now,
      count: 1,
      written: 0,
      writtenAtMs: nowMs,
      lastAt: now,
      lastAtMs: nowMs,
    });
  }

  /** Writes what was recorded, until the signal aborts, and then once more. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, tickMs = 1_000 } = this.options;
    while (!signal.aborted) {
      await this.#write(signal);
      await clock.sleep(tickMs, signal).catch(() => undefined);
    }
    await this.#write(AbortSignal.timeout(LAST_WRITES_MS));
  }

  async #write(signal: AbortSignal): Promise<void> {
    const { clock, repeatMs = 30_000, logger } = this.options;
    let left = WRITES_A_TICK;
    for (const [key, series] of this.#series) {
      const now = clock.monotonicMs();
      const due = series.written === 0 || (series.count > series.written && now - series.writtenAtMs >= repeatMs);
      if (due && left-- > 0 && !signal.aborted) {
        await this.#one(series, signal).catch((error: unknown) => {
          logger.warn('an event could not be written', { reason: series.note.reason, error });
          if (series.written === 0) this.#forget(key, series);
        });
      } else if (!due && now - series.lastAtMs > SERIES_ENDS_MS) this.#forget(key, series);
    }
  }

  async #one(series: Series, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.options;
    const options = { deadlineMs: WRITE_MS };
    const { count, ref, lastAt } = series;
    series.writtenAtMs = clock.monotonicMs();
    const repeated = count > 1 ? { series: { count, lastObservedTime: microTime(lastAt) } } : {};
    if (series.written === 0) {
      await client.create(events, { ...this.#event(series), ...repeated }, options, signal);
    } else {
      await client.patch(events, ref, { strategy: 'merge', body: repeated, ...options }, signal).catch((error: unknown) => {
        // It had its time to live, which the server decides: the next write makes a new one.
        if (!hasApiCode(error, 'notFound')) throw error;
        series.written = 0;
      });
      if (series.written === 0) return;
    }
    series.written = count;
  }

  #event({ note, ref, firstAt }: Series): KubeObject {
    const { controller, instance } = this.options;
    const { name, namespace, uid } = note.regarding;
    return {
      metadata: { ...ref },
      eventTime: microTime(firstAt),
      reportingController: controller,
      reportingInstance: instance,
      type: note.type,
      reason: note.reason,
      action: note.action,
      note: note.note.slice(0, NOTE_CHARS_MAX),
      regarding: { apiVersion: apiVersionOf(note.resource), kind: note.resource.kind, name, namespace, uid },
    };
  }

  /** Events of what has no namespace lie in `default`, where everyone looks for them. */
  #ref({ regarding }: EventNote): ObjectRef {
    const suffix = Buffer.from(this.options.random.bytes(8)).toString('hex');
    return { name: `${regarding.name.slice(0, NAME_CHARS_MAX)}.${suffix}`, namespace: regarding.namespace ?? 'default' };
  }

  #forget(key: string, { note }: Series): void {
    this.#series.delete(key);
    const object = keyOfObject(note);
    const left = (this.#ofObject.get(object) ?? 1) - 1;
    if (left === 0) this.#ofObject.delete(object);
    else this.#ofObject.set(object, left);
  }
}

function keyOfObject({ resource, regarding }: EventNote): string {
  return [resource.group, resource.plural, regarding.namespace, regarding.name, regarding.uid].join('/');
}

function keyOfSeries(note: EventNote): string {
  return JSON.stringify([keyOfObject(note), note.type, note.reason, note.action, note.note]);
}
