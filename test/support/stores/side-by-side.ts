import { eventually } from '@facehash/testing';
import type { Client } from '../client.js';
import { asContender, type Contender } from '../contenders.js';
import { Product } from '../product.js';
import { Replicas, type Replica } from '../replicas.js';

/** Many photos are trained on meanwhile, and asking must not take the machine from who is asked. */
const WITHOUT_HASTE = { withinMs: 300_000, everyMs: 50 };

/** The same program twice on this machine: over a folder, and over the stores of a cluster. */
export interface SideBySide {
  readonly standalone: Contender;
  readonly cluster: Contender;
}

export interface Opened extends SideBySide {
  readonly product: Product;
  readonly replicas: Replicas;
  readonly processes: number;
}

/** With as many vision processes on either side. */
export async function openBoth(dataDir: string, processes: number): Promise<Opened> {
  const product = await Product.start({ dataDir, env: settings(processes) });
  try {
    const replicas = await Replicas.start({ replicas: 0 });
    const replica = await directReplica(replicas, processes);
    const apiKey = await knownModel(replicas, 'front-door');
    const cluster = { name: 'cluster', url: replica.url, apiKey, pid: replica.program.pid };
    return { product, replicas, processes, standalone: { ...asContender(product), name: 'standalone' }, cluster };
  } catch (error) {
    await product.kill();
    throw error;
  }
}

/** One that asks the stores themselves: what usually stands between them in tests would cost this process a share of the machine. */
export async function directReplica(replicas: Replicas, processes: number): Promise<Replica> {
  return replicas.addReplica({ env: { ...(await replicas.environment()), ...settings(processes) } });
}

/** A machine that others use, too, and a stand-in for MongoDB that uses no index, may be slow: nobody is refused for it. */
function settings(processes: number): Readonly<Record<string, string>> {
  const patience = { VISION_QUEUE_WAIT_SECONDS: '30', FACEHASH_MONGODB_TIMEOUT_SECONDS: '60' };
  return { LOG_LEVEL: 'warn', VISION_PROCESSES: String(processes), ...patience };
}

/** A new model of the cluster that every replica has heard of. */
export async function knownModel(replicas: Replicas, name: string): Promise<string> {
  const apiKey = await replicas.makeModel(name);
  for (const client of replicas.clients(apiKey))
    await eventually(async () => (await client.call('GET', '/v1/model')).status === 200, WITHOUT_HASTE);
  return apiKey;
}

/** A version of everything that was enrolled answers, and nothing is under way. */
export async function settled(client: Client): Promise<void> {
  await eventually(
    async () => (await client.call('GET', '/v1/model')).body,
    ({ phase, target, active, photos }) => phase === 'Ready' && target === null && (active as { photos: number } | null)?.photos === photos,
    WITHOUT_HASTE,
  );
}
