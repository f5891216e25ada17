import type { TrainingJob } from './observed-job.js';
import type { TrainerPod } from './observed-pod.js';
import { waitsForAccelerator } from './run-seconds.js';
import { failed, isOver, type RunState, type Watching } from './run-watching.js';

/** What every run waits for for a moment is told once it has lasted so long. */
const ORDINARY_MS = 5_000;

/** Of a run that may not begin yet. */
export function queued({ job }: Watching): RunState | undefined {
  // They are made in the same look, or it fails as a whole.
  if (job.credentialsUntilMs === null) return { kind: 'starting' };
  if (!job.suspended) return undefined;
  const waitingFor = job.queue === undefined ? 'somebody suspended its Job' : `the queue ${job.queue} has not admitted it yet`;
  return { kind: 'starting', waitingFor };
}

/** Of a run that nothing keeps from beginning, but that its pod does not run yet. */
export function beginning({ job, pods, nowMs }: Watching): RunState {
  const pod = newest(pods.filter((known) => !isOver(known)));
  if (pod === undefined && pods.length > 0) return { kind: 'starting', waitingFor: 'its pod had to make room and is made again' };
  const missing = whatIsMissing(job, pod);
  const begunAtMs = pod?.createdAtMs ?? job.startedAtMs;
  // Kubernetes has not looked at the Job since it was let go.
  if (begunAtMs === undefined) return waits(missing, { sinceMs: job.createdAtMs, untilMs: undefined, nowMs });
  const untilMs = begunAtMs + job.startDeadlineSeconds * 1000;
  if (nowMs < untilMs) return waits(missing, { sinceMs: begunAtMs, untilMs, nowMs });
  if (pod?.unschedulable !== undefined && job.accelerated) return withoutRoom(job, missing.what);
  const within = `the run did not start within ${job.startDeadlineSeconds} s`;
  return { kind: 'ended', outcome: failed('RUN_NOT_STARTED', `${within}: ${missing.what}${missing.advice}`) };
}

interface Span {
  readonly sinceMs: number;
  readonly untilMs: number | undefined;
  readonly nowMs: number;
}

function waits({ what, ordinary }: Missing, { sinceMs, untilMs, nowMs }: Span): RunState {
  const toldAtMs = sinceMs + ORDINARY_MS;
  if (ordinary && nowMs < toldAtMs) return { kind: 'starting', untilMs: Math.min(toldAtMs, untilMs ?? toldAtMs) };
  return { kind: 'starting', waitingFor: what, ...(untilMs === undefined ? {} : { untilMs }) };
}

function withoutRoom(job: TrainingJob, what: string): RunState {
  if (job.spec !== null && waitsForAccelerator({ ...job, spec: job.spec })) return { kind: 'parked', waitingFor: what };
  return { kind: 'withoutAccelerator', why: what };
}

interface Missing {
  /** For a person. */
  readonly what: string;
  /** What to do where that lasts. */
  readonly advice: string;
  /** Every run waits for it, and most of them not for long. */
  readonly ordinary: boolean;
}

const noImage: readonly string[] = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull', 'ImageInspectError'];
const noContainer: readonly string[] = ['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'];

function whatIsMissing({ metadata, profileName, image, spec, accelerated }: TrainingJob, pod: TrainerPod | undefined): Missing {
  const profile = `training profile ${profileName}`;
  if (pod === undefined) {
    const advice = `; kubectl describe job -n ${metadata.namespace ?? ''} ${metadata.name} says why`;
    return { what: 'its Job has made no pod', advice, ordinary: true };
  }
  if (pod.unschedulable !== undefined) {
    const wanted = accelerated && spec?.accelerator ? `${spec.accelerator.count} ${spec.accelerator.resource}` : 'it';
    return {
      what: `no node has room for ${wanted} (${pod.unschedulable})`,
      advice: `; add nodes, or lower the resources of ${profile}`,
      ordinary: false,
    };
  }
  return whatContainerMisses(pod, { image, profile });
}

function whatContainerMisses({ waiting }: TrainerPod, { image, profile }: { readonly image: string; readonly profile: string }): Missing {
  if (waiting === undefined) return { what: 'its pod is being scheduled', advice: '; the scheduler is slow, or not there', ordinary: true };
  const { reason, message } = waiting;
  const said = message === '' ? reason : `${reason}: ${message}`;
  if (noImage.includes(reason))
    return { what: `the image ${image} cannot be pulled (${said})`, advice: `; correct the image of ${profile}`, ordinary: false };
  if (noContainer.includes(reason))
    return { what: `its container cannot be made (${said})`, advice: `; correct ${profile}`, ordinary: false };
  return { what: `its pod is being made (${said})`, advice: '; its node is slow, or in trouble', ordinary: true };
}

function newest(pods: readonly TrainerPod[]): TrainerPod | undefined {
  return pods.reduce<TrainerPod | undefined>((found, pod) => (found && found.createdAtMs >= pod.createdAtMs ? found : pod), undefined);
}
