import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { runReportSchema } from '@facehash/artifacts';
import { serverBinaries } from '@facehash/test-servers';
import { eventually } from '@facehash/testing';
import { median, row, type Row } from '../benchmark.js';
import type { Client } from '../client.js';
import { PLATFORM, type Installation } from '../installation.js';
import { newcomer, persons } from '../photos.js';
import { storedObjects } from '../stored-objects.js';

/** Moments of one run, in ms of one clock. */
interface Moments {
  readonly sent: number;
  readonly made: number;
  readonly scheduled: number;
  readonly running: number;
  readonly ended: number;
  /** By the first version that knows them, which may be of a part of the photos. */
  readonly named: number;
  /** The version that answers is trained on all of them. */
  readonly answered: number;
}

interface Stages {
  readonly extract: number;
  readonly fit: number;
  readonly publish: number;
}

const AIM_SECONDS = 15;
const NAMED_TIMEOUT_MS = 120_000;
/** A look at who is named costs what any recognition costs. */
const ASK_MS = 200;

/** From a `POST /train` of many photos of somebody new to the first answer that names them, and what the time went into: medians. */
export async function trainingRows(
  here: Installation,
  { photos, rounds }: { readonly photos: number; readonly rounds: number },
): Promise<readonly Row[]> {
  const runs: { readonly moments: Moments; readonly stages: Stages }[] = [];
  for (let round = 0; round < rounds; round++) {
    const client = await here.faceModel(`bench-${round}`);
    for (const { name, enrolled } of await persons(3, 5)) await client.train(name, enrolled);
    const moments = await oneRun(here, client, { photos, round });
    runs.push({ moments, stages: await stagesOf(here, `bench-${round}`) });
  }
  const of = (pick: (run: (typeof runs)[number]) => number): number => median(runs.map(pick)) / 1000;
  const total = of(({ moments }) => moments.answered - moments.sent);
  return [
    row(`POST /train of ${photos} photos until the version of them all answers`, total, 's', { atMost: AIM_SECONDS }),
    row(
      '… until they are named, be it by a version of the first photos',
      of(({ moments }) => moments.named - moments.sent),
      's',
    ),
    row(
      '… accept: photos looked at and stored, snapshot cut, Job made',
      of(({ moments }) => moments.made - moments.sent),
      's',
    ),
    row(
      '… schedule: credentials, pod made and on its node',
      of(({ moments }) => moments.scheduled - moments.made),
      's',
    ),
    row(
      '… start: container running',
      of(({ moments }) => moments.running - moments.scheduled),
      's',
    ),
    row(
      '… the trainer, with its start and its end',
      of(({ moments }) => moments.ended - moments.running),
      's',
    ),
    row(
      '… … extract',
      of(({ stages }) => stages.extract),
      's',
    ),
    row(
      '… … fit, calibrate, evaluate',
      of(({ stages }) => stages.fit),
      's',
    ),
    row(
      '… … publish',
      of(({ stages }) => stages.publish),
      's',
    ),
    row(
      '… roll: verified, loaded, promoted',
      of(({ moments }) => moments.answered - moments.ended),
      's',
    ),
  ];
}

async function oneRun(
  here: Installation,
  client: Client,
  { photos, round }: { readonly photos: number; readonly round: number },
): Promise<Moments> {
  const person = await newcomer(round, photos);
  const [probe = Buffer.alloc(0)] = (await newcomer(round, photos + 1)).photos.slice(-1);
  await using pods = await PodWatch.start(here);
  const sent = performance.now();
  const training = client.train(person.name, person.photos).then(({ status }) => {
    if (status !== 200) throw new Error(`/train was answered with ${status}`);
    return performance.now();
  });
  await eventually(async () => (await client.recognize(probe)).body.foundFace === person.name, {
    withinMs: NAMED_TIMEOUT_MS,
    everyMs: ASK_MS,
  });
  const named = performance.now();
  const answered = await training;
  return { sent, named, answered, ...pods.moments(sent) };
}

/** As the trainer's own report has them. */
async function stagesOf(here: Installation, model: string): Promise<Stages> {
  const [storageId, version] = await Promise.all([here.field(model, '.status.storageId'), here.field(model, '.status.activeVersion.name')]);
  await using stored = await storedObjects(here);
  const report = await stored.find(`${storageId}/runs/${version}`, '/report.json');
  const { seconds } = runReportSchema.parse(JSON.parse(report.toString()));
  const took = (stage: string): number => 1000 * (seconds[stage] ?? Number.NaN);
  return {
    extract: took('Collecting') + took('Extracting'),
    fit: took('Fitting') + took('Calibrating') + took('Evaluating'),
    publish: took('Publishing'),
  };
}

interface WatchedPod {
  readonly metadata: { readonly uid: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly containerStatuses?: readonly { readonly state: { readonly running?: object; readonly terminated?: object } }[];
  };
}

/** Undefined while the event is not whole: some versions of kubectl write it on one line, others indent it. */
function podIn(text: string): WatchedPod | undefined {
  if (!text.endsWith('}')) return undefined;
  try {
    return (JSON.parse(text) as { object: WatchedPod }).object;
  } catch {
    return undefined;
  }
}

type Step = 'made' | 'scheduled' | 'running' | 'ended';

/** When trainers' pods were seen to get on, by our own clock: Kubernetes tells whole seconds. */
class PodWatch implements AsyncDisposable {
  readonly #seen = new Map<string, Partial<Record<Step, number>>>();

  private constructor(private readonly end: () => Promise<void>) {}

  static async start(here: Installation): Promise<PodWatch> {
    const { kubectl = '' } = await serverBinaries(['kubectl']);
    const selector = ['-n', PLATFORM, '-l', 'app.kubernetes.io/component=trainer'];
    const args = ['--kubeconfig', here.cluster.kubeconfig, 'get', 'pods', ...selector, '--watch', '-o', 'json', '--output-watch-events'];
    const child = spawn(kubectl, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const watch = new PodWatch(async () => {
      child.kill();
      await closed;
    });
    let text = '';
    createInterface({ input: child.stdout }).on('line', (line) => {
      text += line;
      const pod = podIn(text);
      if (!pod) return;
      watch.#see(pod);
      text = '';
    });
    return watch;
  }

  /** Of the last pod that was made since. */
  moments(since: number): Pick<Moments, Step> {
    const runs = [...this.#seen.values()].filter(({ made = 0 }) => made >= since);
    const { made = Number.NaN, scheduled = made, running = scheduled, ended = Number.NaN } = runs.at(-1) ?? {};
    return { made, scheduled, running, ended };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }

  #see({ metadata, spec, status }: WatchedPod): void {
    const now = performance.now();
    const steps = this.#seen.get(metadata.uid) ?? {};
    const { running, terminated } = status.containerStatuses?.[0]?.state ?? {};
    const reached: readonly (readonly [Step, unknown])[] = [
      ['made', metadata],
      ['scheduled', spec.nodeName],
      ['running', running ?? terminated],
      ['ended', terminated],
    ];
    for (const [step, sign] of reached) if (sign !== undefined) steps[step] ??= now;
    this.#seen.set(metadata.uid, steps);
  }
}
