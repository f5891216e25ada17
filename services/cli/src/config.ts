import {
  mongoFaults,
  mongoSettings,
  mongoVariables,
  s3Faults,
  s3Settings,
  s3Variables,
  type MongoSettings,
  type S3Settings,
} from '@facehash/settings';
import { z } from 'zod';

const stores = z.object({ ...s3Variables, ...mongoVariables }).superRefine(
  (e, context) => {
    const wrong = (name: string, message: string): void => context.addIssue({ code: 'custom', path: [name], message });
    for (const [name, message] of [...s3Faults(e), ...mongoFaults(e)]) wrong(name, message);
    if ((e.FACEHASH_S3_ENDPOINT === undefined) !== (e.FACEHASH_MONGODB_URL === undefined))
      wrong('FACEHASH_S3_ENDPOINT', 'and FACEHASH_MONGODB_URL must both be set, or neither: photos and people belong together');
  },
  // Also where single settings are wrong.
  { when: () => true },
);

/** The stores that replicas share. */
export interface ClusterStores {
  readonly s3: S3Settings;
  readonly mongo: MongoSettings;
}

/** What the command line uses where an option is left out. */
export interface Defaults {
  readonly dataDir: string;
  /** Of the server. */
  readonly url: string;
  readonly apiKey: string | undefined;
  /** Where people and photos are; undefined: in the data folder. */
  readonly cluster: ClusterStores | undefined;
}

/** The one place of this program that reads the environment. An empty variable means "not set". */
export function config(env: Readonly<Record<string, string | undefined>>): Defaults {
  const given = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  return {
    dataDir: given('FACEHASH_DATA_DIR') ?? './data',
    url: given('FACEHASH_URL') ?? `http://127.0.0.1:${given('PORT') ?? '5000'}`,
    apiKey: given('FACEHASH_API_KEY'),
    cluster: clusterIn(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))),
  };
}

function clusterIn(env: Readonly<Record<string, string | undefined>>): ClusterStores | undefined {
  const parsed = stores.safeParse(env);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `  ${issue.path.join('.')} ${issue.message}`);
    throw new Error(`The configuration is not valid:\n${faults.join('\n')}`);
  }
  const [s3, mongo] = [s3Settings(parsed.data), mongoSettings(parsed.data)];
  return s3 && mongo && { s3, mongo };
}
