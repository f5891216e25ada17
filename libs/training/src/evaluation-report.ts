import type { RunSpec } from '@facehash/artifacts';
import type { OutOfFoldResult, TrainingSample } from '@facehash/classifier-core';
import { evaluate, type EvaluationReport } from '@facehash/evaluation';
import type { TrainingPorts } from './types.js';

/** Steps of an evaluation in one go before others may run: some 15 ms with 500 people. */
const STEPS_BETWEEN_PAUSES = 100;

/** What tells a version's owner how good it is. Lets other work go on meanwhile. */
export async function evaluationReport(
  { version, pipeline, falseAcceptTarget }: Pick<RunSpec, 'version' | 'pipeline' | 'falseAcceptTarget'>,
  { samples, results }: { readonly samples: readonly TrainingSample[]; readonly results: readonly OutOfFoldResult[] },
  {
    clock,
    pipeline: { constants },
    onProgress,
  }: Pick<TrainingPorts, 'clock' | 'pipeline'> & { readonly onProgress: (done: number) => void },
  signal: AbortSignal,
): Promise<EvaluationReport> {
  const evaluation = evaluate({ version, pipeline, constants, falseAcceptTarget, samples, results });
  let step = evaluation.next();
  for (let steps = 1; !step.done; steps++) {
    if (steps % STEPS_BETWEEN_PAUSES === 0) {
      onProgress(step.value);
      await clock.sleep(0, signal);
    }
    step = evaluation.next();
  }
  return step.value;
}
