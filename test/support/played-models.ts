import { setTimeout as sleep } from 'node:timers/promises';
import {
  decodeDocument,
  encodeDocument,
  exitCodeOf,
  latestPointerSchema,
  layout,
  runSpecSchema,
  type RunOutcome,
} from '@facehash/artifacts';
import { aManifestOfVersion } from '@facehash/artifacts/testing';
import { canonicalJson, Closer, sha256Hex, silentLogger, systemClock, systemRandom } from '@facehash/kernel';
import { openNatsMessaging, type NatsMessaging } from '@facehash/messaging-nats';
import { openS3ObjectStore, type S3ObjectStore } from '@facehash/object-store-s3';
import { faceModels } from '@facehash/operator-reconcilers';
import type { KubeObject } from '@facehash/operator-runtime';
import { eventually } from '@facehash/testing';
import type { Ended } from './fake-kubelet.js';
import { PLATFORM, type OperatorStage } from './operator-stage.js';
import { OperatorWitness } from './operator-witness.js';
import { PlayedReplicas } from './played-replicas.js';

const TRAINING_MS_MAX = 1_500;
/** Of a stand-in for a program, whose store is away. */
const RETRY_MS = 200;

interface Stored {
  readonly metadata: { readonly uid: string };
  readonly status?: {
    readonly phase: string;
    readonly activeVersion: { readonly name: string; readonly snapshot: number } | null;
    readonly targetVersion: unknown;
    readonly training: { readonly jobName: string | null };
  };
}

/**
 * FaceModels that are enrolled into, trained and answered for by the test itself, through the same stores as replicas and trainers: what an
 * operator has to do with them is all the same, and nothing but the operator costs time.
 */
export class PlayedModels implements AsyncDisposable {
  /** By name: the newest snapshot. */
  readonly #newest = new Map<string, number>();
  readonly #storageIds = new Map<string, string>();
  readonly #closer: Closer;

  private constructor(
    private readonly stage: OperatorStage,
    readonly objects: S3ObjectStore,
    readonly messaging: NatsMessaging,
    readonly witness: OperatorWitness,
    closer: Closer,
  ) {
    this.#closer = closer;
  }

  static async open(stage: OperatorStage): Promise<PlayedModels> {
    const closer = new Closer();
    const context = { clock: systemClock, random: systemRandom, logger: silentLogger };
    const minio = new URL(stage.stores.server('minio').url);
    const credentials = { kind: 'static', accessKeyId: minio.username, secretAccessKey: minio.password } as const;
    const objects = await openS3ObjectStore({ endpoint: minio.origin, bucket: 'facehash', credentials, ...context });
    closer.defer('objects', () => objects.close());
    const messaging = await openNatsMessaging({ servers: [stage.stores.server('nats').url], name: 'played', ...context });
    closer.defer('messaging', () => messaging.close());
    const witness = new OperatorWitness({ client: stage.client, messaging, platform: PLATFORM });
    closer.defer('witness', () => witness.close());
    const replicas = new PlayedReplicas(messaging, ['one', 'two']);
    closer.defer('replicas', () => replicas.close());
    return new PlayedModels(stage, objects, messaging, witness, closer);
  }

  get names(): readonly string[] {
    return [...this.#storageIds.keys()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closer.close();
  }

  async make(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const metadata = { name, namespace: 'default' };
      const made = await this.stage.client.create(faceModels, {
        apiVersion: 'facehash.dev/v1alpha1',
        kind: 'FaceModel',
        metadata,
        spec: {},
      });
      this.#storageIds.set(name, made.metadata.uid ?? '');
    }
  }

  /** It is gone, and nothing is waited for any more. */
  forget(name: string): void {
    this.#storageIds.delete(name);
  }

  /** As inference cuts a snapshot of new photos. Resolves when it is stored and the operator was told, however long the stores are away. */
  async enrol(name: string): Promise<void> {
    const storageId = this.storageIdOf(name);
    const counter = (this.#newest.get(name) ?? 0) + 1;
    this.#newest.set(name, counter);
    await untilDone(() => this.#cut(storageId, counter));
    await untilDone(() =>
      this.messaging.commands.send({ v: 1, id: `${storageId}-${counter}`, kind: 'train', storageId, snapshot: counter }),
    );
  }

  /** As the trainer does. */
  async train(pod: KubeObject): Promise<Ended> {
    const outcome = await this.#outcome(pod).catch((): RunOutcome => {
      return { outcome: 'failed', code: 'STORE_UNAVAILABLE', message: 'a store does not answer', retryable: true };
    });
    return { exitCode: exitCodeOf(outcome), message: JSON.stringify(outcome) };
  }

  /** Resolves when every model answers by its newest snapshot, everybody says so and nothing is left of its runs. */
  async converged(withinMs: number): Promise<void> {
    const left = async (): Promise<readonly string[]> => {
      const found = await Promise.all(this.names.map((name) => this.#whyNotConverged(name)));
      const reasons = found.filter((why) => why !== '');
      if (reasons.length > 0) return reasons;
      const remains = await this.stage.kubectl('get', 'jobs,pods,secrets', '-n', PLATFORM, '-o', 'name');
      return remains.split('\n').filter((name) => name !== '');
    };
    await eventually(left, (reasons) => reasons.length === 0, { withinMs });
  }

  storageIdOf(name: string): string {
    const storageId = this.#storageIds.get(name);
    if (storageId === undefined) throw new Error(`${name} was not made`);
    return storageId;
  }

  async #cut(storageId: string, counter: number): Promise<void> {
    const key = layout.latestSamples(storageId);
    const before = await this.objects.read(key);
    if (before && decodeDocument(latestPointerSchema, before.bytes, key).counter >= counter) return;
    const latest = { v: 1, counter, digest: sha256Hex(`${storageId} ${counter}`), people: 1, photos: 3 } as const;
    await this.objects.replace(key, encodeDocument(latest), before?.revision ?? null);
  }

  async #outcome(pod: KubeObject): Promise<RunOutcome> {
    const { containers } = pod['spec'] as { containers: { env: { name: string; value: string }[] }[] };
    const written = containers[0]?.env.find(({ name }) => name === 'FACEHASH_RUN')?.value ?? '';
    const { run, storageId, version, snapshot } = runSpecSchema.parse(JSON.parse(written));
    await sleep(100 + Math.random() * (TRAINING_MS_MAX - 100));
    const samples = { digest: sha256Hex(`${storageId} ${snapshot}`), counter: snapshot, people: 1, photos: 3 };
    const trainedAt = new Date().toISOString();
    const manifest = aManifestOfVersion({ version, storageId, run, samples, trainedAt, people: ['per_ann'] });
    await this.objects.create(layout.manifest(storageId, version), encodeDocument(manifest));
    return { outcome: 'trained', version };
  }

  /** Empty where it is. */
  async #whyNotConverged(name: string): Promise<string> {
    const storageId = this.storageIdOf(name);
    const { status } = (await this.stage.client.get(faceModels, { name, namespace: 'default' })) as unknown as Stored;
    const wanted = this.#newest.get(name) ?? 0;
    const pointer = await this.objects.read(layout.active(storageId));
    const said = (await this.messaging.models.get(storageId))?.value;
    const is = { ...factsOf(status), published: said?.active?.name, stored: versionIn(pointer?.bytes) };
    const version = status?.activeVersion?.name;
    const must = { phase: 'Ready', snapshot: wanted, target: null, job: null, published: version, stored: version };
    return canonicalJson(is) === canonicalJson(must) ? '' : `${name}: ${JSON.stringify(is)}, and its newest snapshot is ${wanted}`;
  }
}

function factsOf(status: Stored['status']): Readonly<Record<string, unknown>> {
  const { phase, activeVersion, targetVersion = null, training } = status ?? {};
  return { phase, snapshot: activeVersion?.snapshot, target: targetVersion, job: training?.jobName ?? null };
}

function versionIn(pointer: Uint8Array | undefined): string | undefined {
  return pointer && (JSON.parse(new TextDecoder().decode(pointer)) as { version: string }).version;
}

/** What a program does whose store is away. */
async function untilDone(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await work();
    } catch {
      await sleep(RETRY_MS);
    }
  }
}
