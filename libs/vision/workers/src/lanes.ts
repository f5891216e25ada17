/** Who waits for whom: somebody stands before the camera of a recognition; an enrolment sends hundreds of photos and has time. */
export type Lane = 'recognition' | 'enrolment';

export const lanes: readonly Lane[] = ['recognition', 'enrolment'];

/** Why a request is not waited for: too many wait already, or it would not be served in time. */
export type Refusal = 'full' | 'late';

export interface LaneLimits {
  /** How many may wait. */
  readonly waitingMax: Readonly<Record<Lane, number>>;
  /** How long one may wait. */
  readonly waitMaxMs: Readonly<Record<Lane, number>>;
}

interface Waiting<Job> {
  readonly job: Job;
  readonly sinceMs: number;
}

/** Of the places that become free while both lanes wait, enrolment gets every fifth: it goes on, however many recognitions there are. */
const ENROLMENT_SHARE = 0.2;
/** Weight of the newest answer in the mean service time: the last twenty or so count. */
const NEWEST_WEIGHT = 0.1;
/** Fewer answers foretell nothing: the first ones come from workers that are still warming up, and 13 images that waited were refused by them. */
const ANSWERS_MIN = 20;

/**
 * What waits for a worker, in two bounded lanes, and who is next. Refuses at once what could not be served in time, by what answers took of
 * late: a client that is told so asks another replica, where one that waits in vain costs a worker, too. Knows no clock; times are milliseconds
 * of any one origin.
 */
export class LaneQueue<Job> {
  readonly #limits: LaneLimits;
  // A Set keeps the order of arrival and forgets anyone in no time.
  readonly #waiting: Readonly<Record<Lane, Set<Waiting<Job>>>> = { recognition: new Set(), enrolment: new Set() };
  #serviceMs = 0;
  #answers = 0;
  /** Part of a place that enrolment has earned by standing back. */
  #credit = 0;

  constructor(limits: LaneLimits) {
    this.#limits = limits;
  }

  waiting(lane: Lane): number {
    return this.#waiting[lane].size;
  }

  /** All workers are busy, and a job asks to wait. */
  admit(job: Job, lane: Lane, { nowMs, workers }: { readonly nowMs: number; readonly workers: number }): Refusal | undefined {
    if (this.waiting(lane) >= this.#limits.waitingMax[lane]) return 'full';
    if (this.expectedWaitMs(lane, workers) > this.#limits.waitMaxMs[lane]) return 'late';
    this.#waiting[lane].add({ job, sinceMs: nowMs });
    return undefined;
  }

  /** How long a newcomer would wait, by those before it and the mean service time; 0 before there are enough answers to tell. */
  expectedWaitMs(lane: Lane, workers: number): number {
    const own = this.waiting(lane) + 1;
    const others = this.waiting(lane === 'recognition' ? 'enrolment' : 'recognition');
    const shareOfOthers = lane === 'recognition' ? ENROLMENT_SHARE : 1 - ENROLMENT_SHARE;
    // While the other lane waits, too, it takes its share of the places.
    const before = own + Math.min(others, (own * shareOfOthers) / (1 - shareOfOthers));
    return (before * (this.#answers < ANSWERS_MIN ? 0 : this.#serviceMs)) / Math.max(1, workers);
  }

  /** Who gets the worker that became free. */
  next(): Job | undefined {
    const lane = this.#nextLane();
    const [first] = this.#waiting[lane];
    if (!first) return undefined;
    this.#waiting[lane].delete(first);
    return first.job;
  }

  /** Those whose time is up; they wait no more. */
  expire(lane: Lane, nowMs: number): readonly Job[] {
    const late = [...this.#waiting[lane]].filter(({ sinceMs }) => nowMs - sinceMs >= this.#limits.waitMaxMs[lane]);
    for (const one of late) this.#waiting[lane].delete(one);
    return late.map(({ job }) => job);
  }

  /** When the time of the next one is up; undefined when nobody waits. */
  nextExpiryMs(): number | undefined {
    const expiries = lanes.flatMap((lane) => {
      const [first] = this.#waiting[lane];
      return first ? [first.sinceMs + this.#limits.waitMaxMs[lane]] : [];
    });
    return expiries.length === 0 ? undefined : Math.min(...expiries);
  }

  /** Its caller gave up. */
  withdraw(job: Job): void {
    for (const lane of lanes) {
      for (const one of this.#waiting[lane]) if (one.job === job) this.#waiting[lane].delete(one);
    }
  }

  /** Nobody waits any more. */
  clear(): readonly Job[] {
    const jobs = lanes.flatMap((lane) => [...this.#waiting[lane]].map(({ job }) => job));
    for (const lane of lanes) this.#waiting[lane].clear();
    return jobs;
  }

  /** A worker answered after `ms`. */
  served(ms: number): void {
    this.#answers++;
    // At first the plain mean: a slow first answer must not weigh more than the others.
    this.#serviceMs += Math.max(NEWEST_WEIGHT, 1 / this.#answers) * (ms - this.#serviceMs);
  }

  #nextLane(): Lane {
    if (this.waiting('enrolment') === 0) return 'recognition';
    if (this.waiting('recognition') === 0) return 'enrolment';
    this.#credit += ENROLMENT_SHARE;
    // A little less than 1: five fifths do not add up to it in floating point.
    if (this.#credit < 1 - 1e-9) return 'recognition';
    this.#credit -= 1;
    return 'enrolment';
  }
}
