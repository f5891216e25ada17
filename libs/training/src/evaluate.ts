import { decodeDocument, layout, type RunSpec, type VersionManifest } from '@facehash/artifacts';
import {
  comparePaired,
  constantsOf,
  decisionSchema,
  evaluationSchema,
  judge,
  outOfFold,
  spoilers,
  type ActiveVersion,
  type GateFinding,
  type OutOfFoldResult,
  type Spoiler,
  type TrainingSample,
} from '@facehash/classifier-core';
import { readManifest, readStored, withDigest } from './stored.js';
import type { TrainingPorts } from './types.js';

/** Photos judged in one go before others may run: some 10 ms with 500 people. */
const PHOTOS_BETWEEN_PAUSES = 100;

/** Every photo that can be judged, judged. Lets other work go on meanwhile. */
export async function judgeOutOfFold(
  samples: readonly TrainingSample[],
  { clock, pipeline }: Pick<TrainingPorts, 'clock' | 'pipeline'>,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (done: number) => void },
): Promise<readonly OutOfFoldResult[]> {
  const results: OutOfFoldResult[] = [];
  for (const result of outOfFold(samples, pipeline.constants)) {
    results.push(result);
    if (results.length % PHOTOS_BETWEEN_PAUSES !== 0) continue;
    onProgress(results.length / samples.length);
    await clock.sleep(0, signal);
  }
  return results;
}

export interface NewVersion {
  readonly samples: readonly TrainingSample[];
  readonly results: readonly OutOfFoldResult[];
}

export interface Judged extends GateFinding {
  /** Newcomers who alone stand in the way. */
  readonly spoiling: readonly Spoiler[];
}

function notApplicable(message: string): Judged {
  return { verdict: 'NotApplicable', message, spoiling: [] };
}

/** Compares a new version with the one that answers. Without anything to compare with, the gate does not apply. */
export async function gate(
  run: RunSpec,
  version: NewVersion,
  context: { readonly ports: TrainingPorts; readonly signal: AbortSignal },
): Promise<Judged> {
  if (run.gateMode === 'Off') return notApplicable('the gate is off');
  if (run.activeVersion === null) return notApplicable('there is no active version to compare with');
  const active = await readEvaluated(run.storageId, run.activeVersion, context);
  if (!active) {
    context.ports.logger.warn('the active version has no readable evaluation', { version: run.activeVersion });
    return notApplicable(`the evaluation of ${run.activeVersion} could not be read`);
  }
  const known = new Set(active.manifest.people);
  const common = version.samples.filter((s) => known.has(s.personId));
  const amongKnown =
    common.length === version.samples.length
      ? version.results
      : await judgeOutOfFold(common, context.ports, { ...context, onProgress: () => undefined });
  const people = new Set(common.map((s) => s.personId)).size;
  const rule = { falseAcceptTarget: run.falseAcceptTarget, constants: context.ports.pipeline.constants };
  const finding = judge(comparePaired(active, amongKnown, { people, ...rule }));
  if (finding.verdict === 'Refused') return { ...finding, spoiling: [] };
  // Newcomers are judged apart: whoever joins makes everybody a little harder to tell, and only who takes somebody's photos is kept out.
  const spoiling = spoilers(version.samples, known, rule);
  const [first] = spoiling;
  return first ? { verdict: 'Refused', message: toldOf(first, spoiling.length), spoiling } : { ...finding, spoiling };
}

function toldOf({ personId, victimId, taken, of }: Spoiler, count: number): string {
  const others = count > 1 ? `, and ${count - 1} more like it` : '';
  return `the photos of ${personId} take ${taken} of ${of} recognised photos from ${victimId}${others}: the same person under two names, or photos of the wrong one`;
}

async function readEvaluated(
  storageId: string,
  version: string,
  { ports, signal }: { readonly ports: TrainingPorts; readonly signal: AbortSignal },
): Promise<(ActiveVersion & { readonly manifest: VersionManifest }) | undefined> {
  const manifest = await readManifest(ports.objects, { storageId, version }, signal);
  if (manifest.state !== 'sound') return undefined;
  // A release that wrote another schema counts as damaged: nothing to compare with, and no reason to train nothing.
  const read = <T>(name: string, decode: (bytes: Uint8Array, key: string) => T) =>
    readPartAs(ports, manifest.value, { name, decode }, signal);
  const evaluation = await read('evaluation.json', (bytes, key) => decodeDocument(evaluationSchema, bytes, key));
  const decision = await read('decision.json', (bytes, key) => decodeDocument(decisionSchema, bytes, key));
  return evaluation && decision ? { manifest: manifest.value, evaluation, constants: constantsOf(decision) } : undefined;
}

async function readPartAs<T>(
  { objects }: Pick<TrainingPorts, 'objects'>,
  manifest: VersionManifest,
  { name, decode }: { readonly name: string; readonly decode: (bytes: Uint8Array, key: string) => T },
  signal: AbortSignal,
): Promise<T | undefined> {
  const part = manifest.parts.find((p) => p.name === name);
  if (!part) return undefined;
  const sound = withDigest(part.sha256);
  const key = layout.part(manifest.storageId, part.sha256);
  const stored = await readStored(objects, { key, decode: (bytes) => decode(sound(bytes, key), key) }, signal);
  return stored.state === 'sound' ? stored.value : undefined;
}
