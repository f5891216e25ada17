import { z } from 'zod';
import { file, folder, seconds, type Fault } from './fields.js';

const server = /^(nats|tls):\/\/[^\s,/@]+(:\d+)?\/?$/;

const replicas = { '1': 1, '3': 3, '5': 5 } as const;

/** Of messaging on NATS. To be spread into a program's own variables. */
export const natsVariables = {
  FACEHASH_NATS_SERVERS: z
    .string()
    .transform((text) => text.split(',').map((each) => each.trim()))
    .refine(
      (servers) => servers.every((each) => server.test(each)),
      'must be addresses such as nats://nats.example.org:4222, with commas between and no credentials in them',
    )
    .optional(),
  /** A mounted Secret: username and password. Read again at each connection. */
  FACEHASH_NATS_CREDENTIALS_DIR: folder.optional(),
  /** A credentials file of NATS, with a JWT and a seed. Read again at each connection. */
  FACEHASH_NATS_CREDS_FILE: file.optional(),
  FACEHASH_NATS_CA_FILE: file.optional(),
  /** Where answers arrive: a user with the rights of one role listens below the prefix of that role and nowhere else. */
  FACEHASH_NATS_INBOX_PREFIX: z
    .string()
    .max(100)
    .regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/, 'must be the beginning of a subject, such as _INBOX_inference')
    .optional(),
  FACEHASH_NATS_REPLICAS: z
    .enum(['1', '3', '5'], 'must be 1, 3 or 5: as many servers keep each stream')
    .default('1')
    .transform((count) => replicas[count]),
  FACEHASH_NATS_SETUP: z.enum(['make', 'check', 'none']).default('make'),
  FACEHASH_NATS_TIMEOUT_SECONDS: seconds.default(5),
};

type Variables = z.output<z.ZodObject<typeof natsVariables>>;

export interface NatsSettings {
  readonly servers: readonly string[];
  readonly auth?: { readonly kind: 'password-folder'; readonly path: string } | { readonly kind: 'creds-file'; readonly path: string };
  readonly caFile?: string;
  readonly inboxPrefix?: string;
  readonly replicas: 1 | 3 | 5;
  readonly setup: 'make' | 'check' | 'none';
  readonly timeoutMs: number;
}

/** What is wrong with them together. */
export function natsFaults(e: Variables): readonly Fault<keyof Variables>[] {
  if (e.FACEHASH_NATS_CREDENTIALS_DIR === undefined || e.FACEHASH_NATS_CREDS_FILE === undefined) return [];
  return [['FACEHASH_NATS_CREDS_FILE', 'must be left out beside FACEHASH_NATS_CREDENTIALS_DIR']];
}

/** Undefined where no server is given. */
export function natsSettings(e: Variables): NatsSettings | undefined {
  if (e.FACEHASH_NATS_SERVERS === undefined) return undefined;
  const auth = authOf(e);
  return {
    servers: e.FACEHASH_NATS_SERVERS,
    ...(auth === undefined ? {} : { auth }),
    ...(e.FACEHASH_NATS_CA_FILE === undefined ? {} : { caFile: e.FACEHASH_NATS_CA_FILE }),
    ...(e.FACEHASH_NATS_INBOX_PREFIX === undefined ? {} : { inboxPrefix: e.FACEHASH_NATS_INBOX_PREFIX }),
    replicas: e.FACEHASH_NATS_REPLICAS,
    setup: e.FACEHASH_NATS_SETUP,
    timeoutMs: e.FACEHASH_NATS_TIMEOUT_SECONDS * 1000,
  };
}

function authOf(e: Variables): NatsSettings['auth'] {
  if (e.FACEHASH_NATS_CREDENTIALS_DIR !== undefined) return { kind: 'password-folder', path: e.FACEHASH_NATS_CREDENTIALS_DIR };
  if (e.FACEHASH_NATS_CREDS_FILE !== undefined) return { kind: 'creds-file', path: e.FACEHASH_NATS_CREDS_FILE };
  return undefined;
}
