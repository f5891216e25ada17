import { builtInConstants } from '@facehash/classifier-core';
import { openTfjsBackend } from '@facehash/classifier-tfjs';
import type { Tracer } from '@facehash/kernel';
import {
  createRecogniser,
  createVerifier,
  openModelDirectory,
  openModelHolder,
  openPeopleNames,
  type PeopleNames,
  type Recogniser,
  type Verifier,
  type WatchedDirectory,
} from '@facehash/recognition';
import { Readiness, type ReadinessChecks } from '../health/readiness.js';
import { OwnModel } from './own-model.js';
import type { Parts } from './parts.js';

export interface RecognitionParts {
  readonly directory: WatchedDirectory;
  readonly names: PeopleNames;
  readonly recogniser: Recogniser;
  readonly verifier: Verifier;
  readonly readiness: Readiness;
}

/** What answers who is on a picture, and whether this replica may be asked. */
export async function openRecognition(
  { config, closer, context, replica, objects, messaging, vision, pipelines }: Parts,
  { tracer, dependencies }: { readonly tracer: Tracer; readonly dependencies: NonNullable<ReadinessChecks['dependencies']> },
): Promise<RecognitionParts> {
  const names = openPeopleNames(messaging.people, context);
  closer.defer('people names', () => names.close());
  // Without the names, whoever is known would be answered to be nobody.
  const only = config.onlyModel;
  const directory = openModelDirectory(messaging.models, { ...context, syncedAfter: names.untilSynced(), only });
  closer.defer('model directory', () => directory.close());
  const own = new OwnModel(only);
  const directorySynced = (): boolean => directory.synced && own.held;
  const readiness = new Readiness({ directorySynced, visionReady: () => vision.ready, dependencies });
  const holder = openModelHolder({
    replica,
    only,
    rollout: config.rollout,
    directory,
    names,
    replicas: messaging.replicas,
    objects,
    backend: await openTfjsBackend('wasm'),
    pipelines,
    cacheBytesMax: config.modelCacheBytesMax,
    ready: () => readiness.ready,
    ...context,
  });
  closer.defer('model holder', () => holder.close());
  readiness.onTurn(() => holder.readinessChanged());
  const warming = own.warm({ directory, holder, readiness, ...context });
  closer.defer('own model', () => warming.close());
  const recognition = { analyser: vision, holder, names, tracer };
  const pairs = { pipeline: pipelines[0].id, constants: config.descriptor?.constants ?? builtInConstants };
  return { directory, names, readiness, recogniser: createRecogniser(recognition), verifier: createVerifier({ ...recognition, pairs }) };
}
