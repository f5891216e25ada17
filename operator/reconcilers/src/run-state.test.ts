import type { RunSpec } from '@facehash/artifacts';
import type { TrainingJob } from './observed-job.js';
import type { TrainerPod } from './observed-pod.js';
import { runState } from './run-state.js';
import type { RunState } from './run-watching.js';
import { aGpu, aJob, aPod, aRunSpec } from './testing/runs.js';

const gone = { name: 'x', deletionTimestamp: '2026-01-01T00:00:00Z' };
const none: readonly TrainerPod[] = [];
const seconds = (count: number): number => count * 1000;
const gpuJob = (spec: Partial<RunSpec['accelerator'] & object> = {}): TrainingJob =>
  aJob({ spec: aRunSpec({ accelerator: { ...aGpu, ...spec } }) });
const noRoom = aPod({ unschedulable: '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.' });
const exited = (code: number, message = '', reason = 'Error'): TrainerPod =>
  aPod({ phase: code === 0 ? 'Succeeded' : 'Failed', exit: { code, reason, message } });
const over = (kind: 'Complete' | 'Failed', reason = '', message = ''): TrainingJob => aJob({ end: { kind, reason, message, atMs: 0 } });
const refusal = JSON.stringify({ outcome: 'refused', code: 'VERSION_REFUSED', message: 'loses 9 photos' });
const failure = (code: string, message: unknown, retryable = true) => ({ outcome: { outcome: 'failed', code, message, retryable } });

type Case = readonly [what: string, job: TrainingJob, pods: readonly TrainerPod[], atMs: number, state: object];

const starting: readonly Case[] = [
  ['has no credentials yet', aJob({ suspended: true, credentialsUntilMs: null }), none, 0, { kind: 'starting' }],
  [
    'is in a queue, however long',
    aJob({ suspended: true, queue: 'gpus' }),
    none,
    seconds(9999),
    { kind: 'starting', waitingFor: expect.stringContaining('gpus') },
  ],
  ['has no pod yet, as every run', aJob(), none, seconds(4), { kind: 'starting', waitingFor: undefined, untilMs: seconds(5) }],
  [
    'has no pod for longer than others',
    aJob(),
    none,
    seconds(5),
    { kind: 'starting', waitingFor: 'its Job has made no pod', untilMs: seconds(120) },
  ],
  [
    'has little time to begin',
    aJob({ startDeadlineSeconds: 2 }),
    none,
    seconds(1),
    { kind: 'starting', waitingFor: undefined, untilMs: seconds(2) },
  ],
  [
    'Kubernetes has not looked at',
    aJob({ startedAtMs: undefined }),
    none,
    seconds(9999),
    { kind: 'starting', waitingFor: 'its Job has made no pod', untilMs: undefined },
  ],
  [
    'Kubernetes has not looked at for a moment',
    aJob({ startedAtMs: undefined }),
    none,
    seconds(1),
    { kind: 'starting', waitingFor: undefined, untilMs: seconds(5) },
  ],
  ['waits for a node', aJob(), [aPod()], seconds(119), { kind: 'starting', untilMs: seconds(120) }],
  [
    'no node has room for, at once',
    aJob(),
    [noRoom],
    0,
    { kind: 'starting', waitingFor: expect.stringContaining('no node has room for it (0/3 nodes'), untilMs: seconds(120) },
  ],
  [
    'has an image that cannot be pulled, at once',
    aJob(),
    [aPod({ waiting: { reason: 'ErrImagePull', message: 'not found' } })],
    0,
    { kind: 'starting', waitingFor: 'the image facehash/trainer:1 cannot be pulled (ErrImagePull: not found)', untilMs: seconds(120) },
  ],
  ['lost its pod to somebody more important', aJob(), [{ ...exited(143), disrupted: true }], seconds(600), { kind: 'starting' }],
  ['runs', aJob(), [aPod({ phase: 'Running', startedAtMs: 0 })], seconds(600), { kind: 'training' }],
];

const notStarted: readonly Case[] = [
  [
    'made no pod',
    aJob(),
    none,
    seconds(121),
    failure('RUN_NOT_STARTED', expect.stringContaining('kubectl describe job -n facehash train-front-door-0')),
  ],
  [
    'has an image that cannot be pulled',
    aJob(),
    [aPod({ waiting: { reason: 'ImagePullBackOff', message: 'not found' } })],
    seconds(121),
    failure('RUN_NOT_STARTED', expect.stringContaining('correct the image of training profile default')),
  ],
  [
    'has a container that cannot be made',
    aJob(),
    [aPod({ waiting: { reason: 'CreateContainerConfigError', message: 'no configmap' } })],
    seconds(121),
    failure('RUN_NOT_STARTED', expect.stringContaining('its container cannot be made')),
  ],
  [
    'finds no node',
    aJob(),
    [noRoom],
    seconds(121),
    failure('RUN_NOT_STARTED', expect.stringContaining('add nodes, or lower the resources')),
  ],
  ['finds no accelerator, and may do without', gpuJob(), [noRoom], seconds(121), { kind: 'withoutAccelerator' }],
  [
    'finds no accelerator, and may not do without',
    gpuJob({ onUnavailable: 'Wait' }),
    [noRoom],
    seconds(99999),
    { kind: 'parked', waitingFor: expect.stringContaining('no node has room for 1 nvidia.com/gpu') },
  ],
  [
    'does without its accelerator, and finds no node either',
    { ...gpuJob(), accelerated: false },
    [noRoom],
    seconds(121),
    failure('RUN_NOT_STARTED', expect.anything()),
  ],
  [
    'was given up by its node',
    aJob(),
    [aPod({ phase: 'Failed', reason: 'OutOfcpu', message: 'too much' })],
    0,
    failure('RUN_NOT_STARTED', expect.stringContaining('OutOfcpu')),
  ],
];

const ended: readonly Case[] = [
  ['trained', aJob(), [exited(0)], 0, { outcome: { outcome: 'trained', version: 'v-0123456789ab' } }],
  ['trained, as its Job says', over('Complete'), none, 0, { outcome: { outcome: 'trained' } }],
  ['was refused, and says why', aJob(), [exited(3, refusal)], 0, { outcome: { outcome: 'refused', message: 'loses 9 photos' } }],
  ['was refused while it had to make room', aJob(), [{ ...exited(3, refusal), disrupted: true }], 0, { outcome: { outcome: 'refused' } }],
  [
    'cannot be trained',
    aJob(),
    [exited(4, JSON.stringify({ outcome: 'failed', code: 'PHOTOS_REJECTED', message: 'none is usable', retryable: false }))],
    0,
    failure('PHOTOS_REJECTED', 'none is usable', false),
  ],
  ['crashed', aJob(), [exited(139)], 0, failure('TRAINING_FAILED', 'the trainer exited with 139')],
  [
    'left a log and no message',
    aJob(),
    [exited(64, 'The configuration is not valid:\n  FACEHASH_RUN is not set\n')],
    0,
    failure('TRAINING_FAILED', 'the trainer does not start: The configuration is not valid: FACEHASH_RUN is not set', false),
  ],
  [
    'ran out of memory',
    aJob(),
    [exited(137, '', 'OOMKilled')],
    0,
    failure('TRAINING_FAILED', expect.stringContaining('raise the memory limit')),
  ],
  [
    'was thrown out for what it wrote',
    aJob(),
    [{ ...exited(137), reason: 'Evicted', message: 'ephemeral storage' }],
    0,
    failure('TRAINING_FAILED', expect.stringContaining('ephemeral storage')),
  ],
  [
    'took too long',
    aJob(),
    [{ ...exited(75), reason: 'DeadlineExceeded' }],
    0,
    failure('DEADLINE_EXCEEDED', expect.stringContaining('raise training.deadlineSeconds')),
  ],
  ['took too long in all', over('Failed', 'DeadlineExceeded'), none, seconds(11), failure('DEADLINE_EXCEEDED', expect.anything())],
  [
    'is over, but its pod is not seen to be',
    over('Failed', 'PodFailurePolicy'),
    [aPod({ phase: 'Running' })],
    seconds(9),
    { kind: 'training', untilMs: seconds(10) },
  ],
  [
    'is over and left only its Job',
    over('Failed', 'PodFailurePolicy', 'Container trainer for pod facehash/x failed with exit code 3 matching FailJob rule at index 0'),
    none,
    seconds(11),
    { outcome: { outcome: 'refused', code: 'VERSION_REFUSED' } },
  ],
  [
    'had its pod deleted by somebody',
    over('Failed', 'BackoffLimitExceeded'),
    [{ ...exited(75), metadata: gone }],
    0,
    failure('TRAINING_FAILED', 'the trainer exited with 75'),
  ],
  [
    'has a pod that is being deleted, until its Job says so',
    aJob(),
    [{ ...exited(75), metadata: gone }, aPod({ phase: 'Running' })],
    0,
    { kind: 'training' },
  ],
  [
    'is on a node that is silent',
    aJob(),
    [aPod({ phase: 'Running', startedAtMs: 0 })],
    seconds(120 + 1800 + 60 + 61),
    failure('DEADLINE_EXCEEDED', expect.anything()),
  ],
];

describe('a run whose Job', () => {
  it.each([...starting, ...notStarted, ...ended])('%s', (_, job, pods, nowMs, expected) => {
    const state: RunState = runState({ job, pods, nowMs, version: 'v-0123456789ab' });
    expect({ waitingFor: undefined, untilMs: undefined, ...state }).toMatchObject(expected);
  });
});
