import { createEnrolment, openEraser, openSnapshotCutter, type Enrolment, type Eraser } from '@facehash/enrolment';
import { crashPoint } from './crash-points.js';
import type { Known } from './names.js';
import type { Parts } from './parts.js';
import { patientAnalyser } from './patient-analyser.js';
import { photosInFlightOf } from './vision.js';

/** Every replica looks at all models that often, so that each of them need not. */
const CLUSTER_SWEEP_MS = 15_000;

/** What takes people and photos in, cuts snapshots, and erases. */
export function openEnrolment(
  { config, closer, context, registry, objects, messaging, vision, pipelines }: Parts,
  { directory, names }: Known,
): { readonly enrolment: Enrolment; readonly eraser: Eraser } {
  const checkpoint = crashPoint(config.crashAt);
  const hook = checkpoint ? { checkpoint } : {};
  const cutter = openSnapshotCutter({
    registry,
    objects,
    commands: messaging.commands,
    people: messaging.people,
    rules: (storageId) => directory.byStorageId(storageId),
    ...(config.mode === 'cluster' ? { sweepMs: CLUSTER_SWEEP_MS } : {}),
    ...context,
    ...hook,
  });
  closer.defer('snapshot cutter', () => cutter.close());
  const photosInFlight = photosInFlightOf(config);
  const eraser = openEraser({
    registry,
    objects,
    messaging,
    cutter,
    pipelines: pipelines.map(({ id }) => id),
    mask: (storageId, personId) => names.mask(storageId, personId),
    ...context,
  });
  closer.defer('eraser', () => eraser.close());
  const enrolment = createEnrolment({
    registry,
    objects,
    analyser: patientAnalyser(vision.forEnrolment, { ...context, atOnce: photosInFlight }),
    pipeline: pipelines[0],
    people: messaging.people,
    cutter,
    photosInFlight,
    ...context,
    ...hook,
  });
  return { enrolment, eraser };
}
