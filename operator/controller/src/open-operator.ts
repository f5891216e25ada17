import { Closer, systemRandom, type Logger } from '@facehash/kernel';
import { openNatsMessaging } from '@facehash/messaging-nats';
import { openS3ObjectStore } from '@facehash/object-store-s3';
import { watchStores } from '@facehash/observability';
import { ClusterClock, KubeClient, LeaderElection, Manager, systemRuntimeClock } from '@facehash/operator-runtime';
import type { Registry } from 'prom-client';
import { openCaches, type Context } from './caches.js';
import type { OperatorConfig } from './config.js';
import { kubeConfigOf } from './kube-config.js';
import { openManagement } from './management.js';
import { promMetrics } from './prom-metrics.js';
import { readDedicatedTemplate, readProfiles } from './profiles.js';
import { openReconciling } from './reconciling.js';

/** Name of this operator in fields, leases and events. */
const NAME = 'facehash-operator';
/** For work under way when it stops. */
const GRACE_MS = 20_000;

export interface Operator {
  /** Ends what is under way, gives the lease back and closes everything. */
  stop(): Promise<void>;
}

export interface OperatorOptions {
  readonly logger: Logger;
  readonly registry: Registry;
  /** The lease is lost: the process must end. */
  readonly onLost: () => void;
}

/** The operator, from its client to its workers. Resolves when it is started; its readiness says when its caches are filled. */
export async function openOperator(config: OperatorConfig, { logger, registry, onLost }: OperatorOptions): Promise<Operator> {
  const closer = new Closer();
  try {
    const metrics = promMetrics(registry);
    const clock = new ClusterClock(systemRuntimeClock);
    const context = { clock, random: systemRandom, logger, metrics };
    const onDate = (date: string, roundTripMs: number): void => clock.heard(date, roundTripMs);
    const rate = { qps: config.callsPerSecond, burst: 2 * config.callsPerSecond };
    const client = new KubeClient({ kubeConfig: kubeConfigOf(config), fieldManager: NAME, onDate, ...rate, ...context });
    closer.defer('Kubernetes', () => client.close());
    const stores = await openStores(config, context, closer);
    watchStores(registry, () => ({ s3: stores.objects.health().ok, nats: stores.messaging.health().ok }));
    const files = await readFiles(config);
    const caches = openCaches(config, client, context);
    const election = openElection(config, client, context);
    const leads = (): boolean => manager.leads;
    const parts = { config, client, caches, ...stores, ...files, election, leads, onLost, context };
    const { controllers, background } = openReconciling({ ...parts, registry });
    const manager = new Manager({ caches: caches.all, controllers, election, background, onLost, graceMs: GRACE_MS, ...context });
    const management = await openManagement({
      port: config.managementPort,
      host: config.host,
      liveness: () => manager.liveness(),
      readiness: () => manager.readiness(),
      dependencies: () => ({ s3: stores.objects.health(), nats: stores.messaging.health() }),
      registry,
    });
    closer.defer('management', () => management.close());
    closer.defer('workers and caches', () => manager.stop());
    manager.start();
    logger.info('the operator is started', { port: management.port, name: config.name, namespace: config.watchNamespace ?? 'all' });
    return { stop: () => closer.close() };
  } catch (error) {
    await closer.close().catch((cause: unknown) => logger.warn('not everything could be closed', { error: cause }));
    throw error;
  }
}

/** Neither need answer yet. */
async function openStores(config: OperatorConfig, context: Context, closer: Closer) {
  const objects = await openS3ObjectStore({ ...config.s3, ...context });
  closer.defer('object store', () => objects.close());
  const messaging = await openNatsMessaging({ ...config.nats, name: `${NAME}-${config.name}`, ...context });
  closer.defer('messaging', () => messaging.close());
  return { objects, messaging };
}

/** What the platform's admin wrote. */
async function readFiles({ profilesFile, dedicatedTemplateFile: template }: OperatorConfig) {
  const profiles = await readProfiles(profilesFile);
  return { profiles, template: template === undefined ? undefined : await readDedicatedTemplate(template) };
}

/** Each process is another candidate: one that comes back under the name of its pod must not take itself for the one that leads. */
function openElection({ platformNamespace: namespace, leaseName: name, name: pod }: OperatorConfig, client: KubeClient, context: Context) {
  const identity = `${pod}_${Buffer.from(context.random.bytes(6)).toString('hex')}`;
  return new LeaderElection({ client, namespace, name, identity, ...context });
}
