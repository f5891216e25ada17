import type { RunOutcome } from '@facehash/artifacts';
import { phases, reasons } from '@facehash/facemodel';
import { isErrorCode } from '@facehash/kernel';
import type { Happening } from '@facehash/lifecycle';
import { by, one, scraped, type Scraped } from '@facehash/observability';
import type { CachedFaceModel, EndedRun, QueueFigures } from '@facehash/operator-reconcilers';
import { Counter, Histogram, type Registry } from 'prom-client';

/** What is read when somebody looks. */
export interface ModelFigures {
  readonly models: () => readonly Pick<CachedFaceModel, 'status'>[];
  readonly queue: () => QueueFigures;
  /** Runs that may be under way at once. */
  readonly runsMax: number;
}

export interface ModelMetrics {
  /** Is told of everything that the operator wrote down. */
  happened(happening: Happening): void;
  /** Is told of each run that is over. */
  ended(run: EndedRun): void;
}

/** From a fit over features that are there (some seconds) to the longest that a run may take by default. */
const runBuckets = [2, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560];
const outcomes: readonly RunOutcome['outcome'][] = ['trained', 'refused', 'failed'];
/** Of a FaceModel that nobody has looked at. */
const NEW = 'New';
/** What this program does not know: a run, or a newer operator, must not make series without end. */
const OTHER = 'OTHER';

/** Measures what becomes of FaceModels, beside what any controller measures of itself. */
export function modelMetrics(registry: Registry, figures: ModelFigures): ModelMetrics {
  for (const metric of read(figures)) scraped(registry, metric);
  const registers = [registry];
  const durations = new Histogram({
    name: 'facehash_training_run_duration_seconds',
    help: 'Time from the making of a training run’s Job until its outcome was written down',
    labelNames: ['outcome'],
    buckets: runBuckets,
    registers,
  });
  for (const outcome of outcomes) durations.zero({ outcome });
  const failures = new Counter({
    name: 'facehash_training_failures_total',
    help: 'Training runs that made no version, by the code that says why',
    labelNames: ['code'],
    registers,
  });
  const changes = new Counter({
    name: 'facehash_version_changes_total',
    help: 'What happened to versions: their way to the replicas began, was taken back, they answer, or were withdrawn',
    labelNames: ['change'],
    registers,
  });
  for (const change of Object.values(changeOf)) changes.inc({ change }, 0);
  changes.inc({ change: TAKEN_BACK }, 0);
  return {
    happened: (happening) => {
      const change = changeIn(happening);
      if (change !== undefined) changes.inc({ change });
    },
    ended: ({ outcome, seconds }) => {
      durations.observe({ outcome: outcome.outcome }, seconds);
      if (outcome.outcome !== 'trained') failures.inc({ code: isErrorCode(outcome.code) ? outcome.code : OTHER });
    },
  };
}

const TAKEN_BACK = 'taken_back';
const changeOf: Readonly<Partial<Record<Happening['type'], string>>> = {
  'dev.facehash.rollout.started': 'rollout_started',
  'dev.facehash.version.promoted': 'promoted',
  'dev.facehash.version.withdrawn': 'withdrawn',
};

/** A failure without a run is a rollout that was taken back. */
function changeIn({ type, data }: Happening): string | undefined {
  return type === 'dev.facehash.training.failed' && data['run'] === null ? TAKEN_BACK : changeOf[type];
}

function read({ models, queue, runsMax }: ModelFigures): readonly Scraped[] {
  return [
    {
      type: 'gauge',
      name: 'facehash_models',
      help: 'FaceModels by phase; New: nobody has looked at it yet',
      labelNames: ['phase'],
      samples: () =>
        by(
          'phase',
          counted(
            [NEW, ...Object.keys(phases)],
            models().map(({ status }) => status?.phase ?? NEW),
          ),
        ),
    },
    {
      type: 'gauge',
      name: 'facehash_models_stalled',
      help: 'FaceModels that something stands in the way of, by the reason that they give',
      labelNames: ['reason'],
      samples: () => by('reason', counted(Object.keys(reasons), models().flatMap(stalledBy))),
    },
    {
      type: 'gauge',
      name: 'facehash_training_runs',
      help: 'Training runs that are under way, that wait for their turn, and that are parked until there is an accelerator',
      labelNames: ['state'],
      samples: () => {
        const { running, waiting, parked } = queue();
        return by('state', { running, waiting, parked });
      },
    },
    {
      type: 'gauge',
      name: 'facehash_training_runs_max',
      help: 'Training runs that may be under way at once',
      labelNames: [],
      samples: () => one(runsMax),
    },
    {
      type: 'gauge',
      name: 'facehash_training_wait_seconds',
      help: 'Time that the training run which waits longest for its turn has waited',
      labelNames: [],
      samples: () => one(queue().longestWaitSeconds),
    },
  ];
}

function stalledBy({ status }: Pick<CachedFaceModel, 'status'>): readonly string[] {
  return status?.conditions.filter(({ type, status: holds }) => type === 'Stalled' && holds === 'True').map(({ reason }) => reason) ?? [];
}

/** How often each is there; those that are not there are 0, so that a graph shows them go. */
function counted(all: readonly string[], found: readonly string[]): Readonly<Record<string, number>> {
  const counts = Object.fromEntries(all.map((name): [string, number] => [name, 0]));
  for (const name of found) {
    const known = Object.hasOwn(counts, name) ? name : OTHER;
    counts[known] = (counts[known] ?? 0) + 1;
  }
  return counts;
}
