import type { TrainingProfile } from './training-profiles.js';

/** More a trainer does not take. */
const PROCESSES_MAX = 256;

const factors: Readonly<Record<string, number>> = { n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3 };

/**
 * How many processes a trainer describes photos in. By itself it would start one for each CPU of its node where the profile has no limit,
 * each of which takes its part of the memory limit.
 */
export function visionProcesses({ requests, limits }: TrainingProfile['resources']): number {
  const cpus = amount(limits['cpu'] ?? requests['cpu'] ?? '1');
  return Math.min(PROCESSES_MAX, Math.max(1, Math.ceil(cpus)));
}

/** Of a quantity as Kubernetes writes it; 1 where it is none of CPUs, which Kubernetes says best. */
function amount(quantity: string): number {
  const [, number = '', suffix = ''] = /^(\d+(?:\.\d+)?(?:[eE]\d+)?)(\D*)$/.exec(quantity) ?? [];
  const factor = factors[suffix];
  // 100m are 0.1 and not a bit more than that, which would count as another CPU.
  return factor === undefined || number === '' ? 1 : Number((Number(number) * factor).toPrecision(12));
}
