import { exitCodes, outcomeOf, type RunOutcome } from '@facehash/artifacts';
import type { TrainingJob } from './observed-job.js';
import type { TrainerExit, TrainerPod } from './observed-pod.js';
import { podSeconds } from './run-seconds.js';
import { failed, isOver, type RunState, type Watching } from './run-watching.js';

/** A Job may be known to be over before its pod is. */
const POD_LAG_MS = 10_000;
/** The kubelet ends a pod whose time is over; so much later it has not, and is probably no more. */
const LOST_MS = 60_000;
/** Of what it printed. */
const SAID_MAX = 500;

/** These tell how the run ended, whatever became of its pod then. */
const decisive: readonly number[] = [exitCodes.trained, exitCodes.refused, exitCodes.untrainable, exitCodes.misconfigured];

export function trainerSaid({ pods, version }: Watching): RunState | undefined {
  const exits = pods.filter(isOver).flatMap(({ exit }) => exit ?? []);
  const exit = exits.find(({ code }) => code === exitCodes.trained) ?? exits.find(({ code }) => decisive.includes(code));
  return exit && { kind: 'ended', outcome: told(exit, version) };
}

/** Kubernetes makes another pod for one that had to make room. One that is being deleted says nothing by its end: its Job does. */
export function podFailed(watching: Watching): RunState | undefined {
  const failed = watching.pods.find((pod) => pod.phase === 'Failed' && !pod.disrupted && pod.metadata.deletionTimestamp === undefined);
  return failed && { kind: 'ended', outcome: failureOf(failed, watching) };
}

export function jobIsOver(watching: Watching): RunState | undefined {
  const { job, pods, version, nowMs } = watching;
  const { end } = job;
  if (end === undefined) return undefined;
  if (end.kind === 'Complete') return { kind: 'ended', outcome: { outcome: 'trained', version } };
  const ended = pods.find((pod) => pod.phase === 'Failed');
  const untilMs = end.atMs + POD_LAG_MS;
  // Whom the gate wants left out, only the pod says.
  if (ended === undefined && nowMs < untilMs) return { kind: 'training', untilMs };
  if (end.reason === 'DeadlineExceeded') return { kind: 'ended', outcome: tookTooLong(watching) };
  return {
    kind: 'ended',
    outcome: ended ? failureOf(ended, watching) : outcomeOf({ code: codeIn(end.message), signal: null }, undefined, version),
  };
}

/** Its node does not answer any more: Kubernetes may never say how its pod ended. */
export function lost(watching: Watching): RunState | undefined {
  const { pods, nowMs } = watching;
  const latestMs = latestEndMs(watching);
  if (latestMs === undefined || nowMs < latestMs || pods.some(isOver)) return undefined;
  return { kind: 'ended', outcome: tookTooLong(watching) };
}

/** Undefined while no node has taken its pod. */
export function latestEndMs({ job, pods }: Watching): number | undefined {
  const started = pods.map(({ startedAtMs }) => startedAtMs).filter((at) => at !== undefined);
  return started.length === 0 || job.spec === null ? undefined : Math.max(...started) + secondsOfPod(job) * 1000 + LOST_MS;
}

function secondsOfPod({ spec, startDeadlineSeconds, accelerated }: TrainingJob): number {
  return spec === null ? 0 : podSeconds({ spec, startDeadlineSeconds, accelerated });
}

function failureOf(pod: TrainerPod, watching: Watching): RunOutcome {
  const { exit, reason, message } = pod;
  const { profileName } = watching.job;
  if (reason === 'DeadlineExceeded') return tookTooLong(watching);
  if (exit?.reason === 'OOMKilled')
    return failed('TRAINING_FAILED', `the trainer ran out of memory: raise the memory limit of training profile ${profileName}`);
  // Refused by its node, or thrown out by it.
  if (exit === undefined) return failed('RUN_NOT_STARTED', `its pod was given up (${reason || 'for no reason that it says'}): ${message}`);
  if (reason === 'Evicted') return failed('TRAINING_FAILED', `its pod was thrown out by its node: ${message}`);
  return told(exit, watching.version);
}

function tookTooLong({ job }: Watching): RunOutcome {
  const given = job.spec?.deadlineSeconds ?? 0;
  const advice = `raise training.deadlineSeconds, or the resources of training profile ${job.profileName}`;
  return failed('DEADLINE_EXCEEDED', `the run did not end within ${given} s and was ended: ${advice}`);
}

function told({ code, message }: TrainerExit, version: string): RunOutcome {
  // It prints which settings are wrong, and no value of any; whoever owns the profile has to know.
  if (code === exitCodes.misconfigured && message.trim() !== '' && jsonIn(message) === undefined)
    return { outcome: 'failed', retryable: false, code: 'TRAINING_FAILED', message: `the trainer does not start: ${oneLine(message)}` };
  return outcomeOf({ code, signal: null }, jsonIn(message), version);
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').slice(-SAID_MAX);
}

/** The end of its log, where the trainer came to write none. */
function jsonIn(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    return undefined;
  }
}

/** `Container trainer for pod … failed with exit code 3 matching FailJob rule at index 0`. */
function codeIn(message: string): number | null {
  const code = /failed with exit code (\d+)/.exec(message)?.[1];
  return code === undefined ? null : Number(code);
}
