import {
  encodeDocument,
  layout,
  photosDigest,
  samplesDigest,
  type RunOutcome,
  type RunReport,
  type RunSpec,
  type Snapshot,
  type VersionManifest,
} from '@facehash/artifacts';
import {
  centroidsOf,
  evaluationOf,
  summaryOf,
  type Decision,
  type ModelParts,
  type OutOfFoldResult,
  type Spoiler,
  type TrainingSample,
} from '@facehash/classifier-core';
import { reportPage, type EvaluationReport } from '@facehash/evaluation';
import { asFaceHashError, deadline } from '@facehash/kernel';
import { PIPELINE_ID } from '@facehash/vision-core';
import { inputProblem, readSnapshot, withoutQuarantined } from './collect.js';
import { gate, judgeOutOfFold } from './evaluate.js';
import { evaluationReport } from './evaluation-report.js';
import { extract } from './extract.js';
import { failedOutcome } from './failed-outcome.js';
import { Journal } from './journal.js';
import { isPublished, publish } from './publish.js';
import type { TrainingPorts, TrainOptions } from './types.js';

/** Within what a program that is told to stop has left. */
const LAST_REPORT_MS = 500;
const QUARANTINED_AT_ONCE_MAX = 20;

interface Run {
  readonly spec: RunSpec;
  readonly ports: TrainingPorts;
  readonly options: TrainOptions;
  readonly journal: Journal;
  /** Of the report, what the run gets to know on its way. */
  readonly found: Pick<RunReport, 'samples' | 'evaluation'> & { refused: EvaluationReport | null };
}

/**
 * One training run: snapshot, features, fit, out-of-fold evaluation, gate, version. Never rejects: whatever goes wrong is the outcome.
 * May be repeated and raced: what is stored already is checked and used.
 */
export async function train(spec: RunSpec, ports: TrainingPorts, options: TrainOptions): Promise<RunOutcome> {
  const journal = new Journal(ports.clock, options.onProgress);
  const run: Run = { spec, ports, options, journal, found: { samples: null, evaluation: null, refused: null } };
  const startedAt = ports.clock.now().toISOString();
  const outcome = await carryOut(run).catch((thrown: unknown) => failedOutcome(thrown, ports.logger));
  journal.finish(outcome.outcome === 'trained');
  await writeReport(run, { startedAt, outcome });
  return outcome;
}

async function carryOut(run: Run): Promise<RunOutcome> {
  const { spec, ports, options, journal } = run;
  const { signal } = options;
  signal.throwIfAborted();
  journal.enter('Collecting');
  const snapshot = await readSnapshot(spec, ports.objects, signal);
  const problem = inputProblem(spec, snapshot, ports.pipeline);
  if (problem !== undefined) return { outcome: 'failed', code: 'REQUEST_INVALID', message: problem, retryable: false };
  const trained: RunOutcome = { outcome: 'trained', version: spec.version };
  if (await isPublished({ ...spec, digest: samplesDigest(snapshot) }, ports.objects, signal)) return trained;

  journal.enter('Extracting');
  const { samples, counts } = await extract(withoutQuarantined(snapshot, spec), ports, {
    ...options,
    onProgress: (done) => journal.advance(done),
  });
  run.found.samples = counts;
  if (samples.length === 0) {
    const message = `none of the ${counts.photosSkippedCount} photos could be used; the first one: ${counts.photosSkipped[0]?.why ?? 'there is none'}`;
    return { outcome: 'failed', code: 'TRAINING_FAILED', message, retryable: false };
  }

  journal.enter('Fitting');
  const fitting = { hyperparameters: spec.hyperparameters, onProgress: (done: number) => journal.advance(done) };
  const model = await ports.backend.fit(samples, fitting, signal);

  const judged = await judgeVersion(run, samples);
  if (judged.evaluation.gate.verdict === 'Refused') {
    if (spec.gateMode === 'Enforce') {
      run.found.refused = await reportOfRefused(run, { samples, ...judged });
      return refusalOf(judged, snapshot);
    }
    ports.logger.warn('the gate would refuse this version', { version: spec.version, finding: judged.evaluation.gate.message });
  }

  const parts = await partsOf(run, { samples, model, judged });
  journal.enter('Publishing');
  await publish(
    { parts, manifest: manifestOf(run, { snapshot, decision: judged.decision, evaluation: judged.evaluation }) },
    ports.objects,
    signal,
  );
  return trained;
}

interface Judged {
  readonly results: readonly OutOfFoldResult[];
  readonly decision: Decision;
  readonly evaluation: VersionManifest['evaluation'];
  /** Newcomers who alone stand in the way. */
  readonly spoiling: readonly Spoiler[];
}

async function judgeVersion(run: Run, samples: readonly TrainingSample[]): Promise<Judged> {
  const { spec, ports, options, journal } = run;
  journal.enter('Calibrating');
  const results = await judgeOutOfFold(samples, ports, { signal: options.signal, onProgress: (done) => journal.advance(done) });
  const people = centroidsOf(samples).map(({ personId, photos }) => ({ id: personId, photos }));
  const { strangers, ...summary } = summaryOf(results, {
    people: people.length,
    falseAcceptTarget: spec.falseAcceptTarget,
    constants: ports.pipeline.constants,
  });
  const decision: Decision = {
    v: 1,
    rule: 'capped-margin',
    people,
    strangers: { ...strangers, lowest: [...strangers.lowest] },
    // Those of the built-in pipeline are known to every reader.
    ...(spec.pipeline === PIPELINE_ID ? {} : { constants: ports.pipeline.constants }),
  };
  journal.enter('Evaluating');
  const { spoiling, ...finding } = await gate(spec, { samples, results }, { ports, signal: options.signal });
  const evaluation = { ...summary, gate: finding };
  run.found.evaluation = evaluation;
  return { decision, evaluation, results, spoiling };
}

/** Of the whole version; or of newcomers without whom the rest can be trained, some at a time, as the message that tells it is short. */
function refusalOf({ evaluation, spoiling }: Judged, snapshot: Snapshot): RunOutcome {
  const { message } = evaluation.gate;
  if (spoiling.length === 0) return { outcome: 'refused', code: 'VERSION_REFUSED', message };
  const spoilers = new Set(spoiling.map(({ personId }) => personId));
  const people = snapshot.people.filter(({ id }) => spoilers.has(id)).slice(0, QUARANTINED_AT_ONCE_MAX);
  const quarantine = people.map((person) => ({ personId: person.id, photosDigest: photosDigest(person) }));
  return { outcome: 'refused', code: 'PERSON_QUARANTINED', message, quarantine };
}

/** The gate has decided: whatever comes between costs the report, and not the decision. */
async function reportOfRefused(run: Run, judged: Parameters<typeof reportOf>[1]): Promise<EvaluationReport | null> {
  try {
    return await reportOf(run, judged);
  } catch (error) {
    run.ports.logger.warn('a refused version was not evaluated further', { run: run.spec.run, code: asFaceHashError(error).code });
    return null;
  }
}

function reportOf(
  { spec, ports, options, journal }: Run,
  judged: { readonly samples: readonly TrainingSample[]; readonly results: readonly OutOfFoldResult[] },
): Promise<EvaluationReport> {
  return evaluationReport(spec, judged, { ...ports, onProgress: (done) => journal.advance(done) }, options.signal);
}

/** Everything of a version but its manifest. */
async function partsOf(
  run: Run,
  { samples, model, judged }: { readonly samples: readonly TrainingSample[]; readonly model: ModelParts; readonly judged: Judged },
): Promise<Readonly<Record<string, Uint8Array>>> {
  const { results, decision } = judged;
  const report = await reportOf(run, { samples, results });
  return {
    'model.json': model.modelJson,
    'weights.bin': model.weights,
    'decision.json': encodeDocument(decision),
    'evaluation.json': encodeDocument(evaluationOf(results)),
    'report.json': encodeDocument(report),
    'report.html': new TextEncoder().encode(reportPage(report)),
  };
}

function manifestOf(
  { spec, ports }: Run,
  {
    snapshot,
    decision,
    evaluation,
  }: { readonly snapshot: Snapshot; readonly decision: Decision; readonly evaluation: VersionManifest['evaluation'] },
): Omit<VersionManifest, 'parts'> {
  const { version, storageId, pipeline, hyperparameters } = spec;
  const photos = decision.people.reduce((sum, person) => sum + person.photos, 0);
  return {
    v: 1,
    version,
    storageId,
    pipeline,
    samples: { digest: samplesDigest(snapshot), counter: snapshot.counter, people: decision.people.length, photos },
    hyperparameters,
    backend: ports.backend.name,
    trainedAt: ports.clock.now().toISOString(),
    run: spec.run,
    people: decision.people.map((person) => person.id),
    evaluation,
  };
}

/** The report is worth having and never worth a run. */
async function writeReport({ spec, ports, options, journal, found }: Run, end: Pick<RunReport, 'startedAt' | 'outcome'>): Promise<void> {
  const { run, version, snapshot, storageId } = spec;
  const document: RunReport = { v: 1, run, version, snapshot, backend: ports.backend.name, ...end, seconds: journal.seconds(), ...found };
  // Of a run that was stopped or ran out of time, too.
  const signal = options.signal.aborted ? deadline(LAST_REPORT_MS) : options.signal;
  try {
    if (found.refused && found.evaluation) {
      const page = reportPage(found.refused, { refusal: found.evaluation.gate.message });
      await ports.objects.create(layout.runReportPage(storageId, run), new TextEncoder().encode(page), signal);
    }
    await ports.objects.create(layout.runReport(storageId, run), encodeDocument(document), signal);
  } catch (error) {
    ports.logger.warn('the report was not written', { run, code: asFaceHashError(error).code });
  }
}
