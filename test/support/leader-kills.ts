import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@facehash/testing';
import type { OperatorStage } from './operator-stage.js';
import type { PlayedModels } from './played-models.js';
import type { Program } from './program.js';

/** A lease that nobody gave back ends after 15 s. */
const TAKES_OVER_MS = 40_000;
const CONVERGES_MS = 90_000;

/** Operators, and models that they look after. */
export interface Led {
  readonly stage: OperatorStage;
  readonly models: PlayedModels;
}

export async function leaderOf(stage: OperatorStage): Promise<Program> {
  const found = await stage.leader();
  if (!found) throw new Error('nobody leads');
  return found;
}

/** Resolves when another one than that of this term has published. */
export async function takenOver({ witness }: PlayedModels, term: number): Promise<void> {
  await eventually(() => witness.term > term, { withinMs: TAKES_OVER_MS });
}

/** Photos come all the time, now for one and now for another, until what is tried is over; then everything comes to rest. */
export async function underEnrolment(models: PlayedModels, work: () => Promise<void>): Promise<void> {
  const over = new AbortController();
  const enrolled = enrolUntil(models, over.signal);
  await work().finally(() => over.abort());
  await enrolled;
  await models.converged(CONVERGES_MS);
}

/** Kills whoever leads at a random moment, and starts another one in its place, so that there is one to take over each time. */
export async function killLeaders({ stage, models }: Led, kills: number): Promise<void> {
  for (let killed = 0; killed < kills; killed++) {
    await sleep(Math.random() * 4_000);
    const { term } = models.witness;
    await (await leaderOf(stage)).kill();
    await stage.startOperator();
    await takenOver(models, term);
  }
}

async function enrolUntil(models: PlayedModels, signal: AbortSignal): Promise<void> {
  const { names } = models;
  for (let i = 0; !signal.aborted; i++) {
    await models.enrol(names[i % names.length] ?? '');
    await sleep(Math.random() * 1_500);
  }
}
