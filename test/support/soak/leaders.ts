import { Closer } from '@facehash/kernel';
import { row, type Row } from '../benchmark.js';
import { killLeaders, underEnrolment } from '../leader-kills.js';
import { OperatorStage } from '../operator-stage.js';
import { PlayedModels } from '../played-models.js';

const NAMES = ['one', 'two', 'three', 'four', 'five', 'six'] as const;
const CONVERGES_MS = 90_000;

/** `kill -9` of the operator that leads, at random moments, while photos come; the one beside it takes over. Rejects where it does not, or not all come to rest. */
export async function leaderRows(kills: number): Promise<readonly Row[]> {
  const closer = new Closer();
  let models: PlayedModels | undefined;
  const train: NonNullable<NonNullable<Parameters<typeof OperatorStage.start>[0]>['train']> = (pod) =>
    models?.train(pod) ?? Promise.reject(new Error('there are no models yet'));
  try {
    const stage = await OperatorStage.start({ replicas: 0, operators: 2, train });
    closer.defer('stage', () => stage[Symbol.asyncDispose]());
    const played = (models = await PlayedModels.open(stage));
    closer.defer('models', () => played[Symbol.asyncDispose]());
    await played.make(...NAMES);
    await Promise.all(NAMES.map((name) => played.enrol(name)));
    await played.converged(CONVERGES_MS);
    await underEnrolment(played, () => killLeaders({ stage, models: played }, kills));
    const { violations, jobs } = played.witness;
    for (const violation of violations) console.error(violation);
    return [
      row('kill -9 of the operator that leads', kills, 'times', { atLeast: kills }),
      row('  training Jobs made by then', jobs, 'Jobs'),
      row('  runs begun twice, versions lost, states that went back', violations.length, 'times', { atMost: 0 }),
    ];
  } finally {
    await closer.close();
  }
}
