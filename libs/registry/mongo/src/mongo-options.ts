import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger, Random } from '@facehash/kernel';
import { mongo } from 'mongoose';

const TIMEOUT_MS = 10_000;
const POOL_SIZE = 20;
const DATABASE = 'facehash';
/** How often the driver asks a server that nothing else is asked of. */
const HEARTBEAT = { minMs: 500, maxMs: 5000 };

export interface MongoOptions {
  /** `mongodb://…` or `mongodb+srv://…`, with or without credentials and a database. Never logged. */
  readonly url: string;
  /** Default: the one of the URL, else `facehash`. */
  readonly database?: string;
  readonly username?: string;
  readonly password?: string;
  /** A folder with the files `username` and `password`, as a mounted Secret is. They are read again at each attempt to connect at first. */
  readonly credentialsFolder?: string;
  /** Encrypts; implied by the files below and by `mongodb+srv`. */
  readonly tls?: boolean;
  /** PEM of the authorities that the server's certificate may be from. Default: those that Node trusts. */
  readonly caFile?: string;
  /** PEM of our own certificate and its key, for servers that ask for one. */
  readonly clientCertificateFile?: string;
  /** Deadline of one call with its retries; a walk or the erasure of a model is several calls. Default 10 s. */
  readonly timeoutMs?: number;
  /** Connections at most. Default 20. */
  readonly poolSize?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

export function timeoutOf({ timeoutMs = TIMEOUT_MS }: MongoOptions): number {
  return timeoutMs;
}

/** One attempt gets half of a call's time, so that a connection that went silent leaves some for another. */
export function attemptMsOf(options: MongoOptions): number {
  return Math.ceil(timeoutOf(options) / 2);
}

export function databaseOf({ url, database }: MongoOptions): string {
  const inUrl = /^mongodb(?:\+srv)?:\/\/[^/?]+\/([^?]+)/.exec(url)?.[1];
  return database ?? (inUrl === undefined ? DATABASE : decodeURIComponent(inUrl));
}

/** What the driver is told: every wait of its has an end, and repeating is ours. */
export async function clientOptions(options: MongoOptions): Promise<mongo.MongoClientOptions> {
  const attemptMs = attemptMsOf(options);
  const { tls, caFile, clientCertificateFile, poolSize = POOL_SIZE } = options;
  return {
    maxPoolSize: poolSize,
    serverSelectionTimeoutMS: attemptMs,
    connectTimeoutMS: attemptMs,
    socketTimeoutMS: attemptMs,
    waitQueueTimeoutMS: attemptMs,
    heartbeatFrequencyMS: Math.max(HEARTBEAT.minMs, Math.min(HEARTBEAT.maxMs, attemptMs)),
    serverMonitoringMode: 'poll',
    // Those of the driver need transaction numbers, know no deadline and no backoff.
    retryWrites: false,
    retryReads: false,
    writeConcern: { w: 'majority', journal: true, wtimeoutMS: attemptMs },
    readConcern: { level: 'majority' },
    ...(tls === undefined ? {} : { tls }),
    ...(caFile === undefined ? {} : { tls: true, tlsCAFile: caFile }),
    ...(clientCertificateFile === undefined ? {} : { tls: true, tlsCertificateKeyFile: clientCertificateFile }),
    ...(await credentials(options)),
  };
}

/** Whether the driver can read the URL and the settings. The driver's own error quotes the URL, with the password in it: it goes no further. */
export function canBeRead(url: string, options: mongo.MongoClientOptions): boolean {
  try {
    new mongo.MongoClient(url, options);
    return true;
  } catch {
    return false;
  }
}

async function credentials({ username, password, credentialsFolder }: MongoOptions): Promise<mongo.MongoClientOptions> {
  if (credentialsFolder !== undefined) {
    const [user, secret] = await Promise.all(
      ['username', 'password'].map(async (name) => (await readFile(join(credentialsFolder, name), 'utf8')).trim()),
    );
    return { auth: { username: user ?? '', password: secret ?? '' } };
  }
  return username === undefined ? {} : { auth: { username, password: password ?? '' } };
}
