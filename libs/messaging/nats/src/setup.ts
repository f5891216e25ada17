import { FaceHashError } from '@facehash/kernel';
import { JetStreamApiCodes, JetStreamApiError, type StreamConfig } from '@nats-io/jetstream';
import type { Session } from './link.js';
import type { SetupMode } from './options.js';
import { differences, type StreamPlan } from './streams.js';

/** Makes or checks the streams. What differs, and cannot be changed or may not, is in the error's message. */
export async function setUpStreams({ jsm }: Session, mode: SetupMode, plans: readonly StreamPlan[]): Promise<void> {
  if (mode === 'none') return;
  const wrong: string[] = [];
  for (const plan of plans) {
    const config = await configOf(jsm, plan.name);
    if (mode === 'check') wrong.push(...(config ? differences(plan, { ...config }) : [`${plan.name}: there is no such stream`]));
    else if (!config) await jsm.streams.add(plan);
    else if (differences(plan, { ...config }).length > 0) wrong.push(...(await change(jsm, plan, config)));
  }
  if (wrong.length > 0) throw new SetupError(wrong);
}

/** The streams are not as they must be. Its message names no secret. */
class SetupError extends FaceHashError {
  constructor(readonly wrong: readonly string[]) {
    super('STORE_UNAVAILABLE', { wrong });
    this.message = wrong.join('; ');
  }
}

async function configOf(jsm: Session['jsm'], stream: string): Promise<StreamConfig | undefined> {
  try {
    return (await jsm.streams.info(stream)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return undefined;
    throw error;
  }
}

/** Somebody else's settings beside ours stay. NATS refuses to change some, as the retention. */
async function change(jsm: Session['jsm'], plan: StreamPlan, config: StreamConfig): Promise<readonly string[]> {
  try {
    await jsm.streams.update(plan.name, { ...config, ...plan });
    return [];
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    return [`${differences(plan, { ...config }).join('; ')}; NATS does not change that: ${error.message}`];
  }
}
