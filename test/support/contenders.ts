import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '@facehash/testing';
import type { Product } from './product.js';

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
/** By the package, as this file runs from its source in tests and compiled in benchmarks. */
const programs = join(dirname(createRequire(import.meta.url).resolve('@facehash/tests/package.json')), 'performance/peer');

/** A server that takes the ancestor's two calls. */
export interface Contender {
  readonly name: string;
  readonly url: string;
  readonly apiKey: string;
  /** Of the process that has all others below it. */
  readonly pid: number;
}

export function asContender({ url, apiKey, pid }: Product): Contender {
  return { name: 'FaceHash', url, apiKey, pid };
}

/** A program of `test/performance/peer`: `server` is face-api behind Fastify, `empty` is Fastify and nothing else. */
export class PeerServer implements Contender, AsyncDisposable {
  readonly apiKey = 'none';

  private constructor(
    readonly name: string,
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(program: 'server' | 'empty'): Promise<PeerServer> {
    const { NODE_OPTIONS: _options, ...env } = process.env;
    const child = spawn(process.execPath, [join(programs, `${program}.mjs`)], {
      env: { ...env, PORT: String(await freePort()) },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const url = new Promise<string>((resolve, reject) => {
      // What libraries print about themselves comes before it.
      createInterface({ input: child.stdout }).on('line', (line) => line.startsWith('http://') && resolve(line));
      child.once('exit', (code) => reject(new Error(`the peer ended with ${code}`)));
      setTimeout(() => reject(new Error(`the peer was not ready after ${START_TIMEOUT_MS} ms`)), START_TIMEOUT_MS).unref();
    });
    try {
      return new PeerServer(program === 'server' ? 'face-api' : 'empty Fastify', await url, child);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Its children end with it: their channel closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.stdin?.end();
    const hard = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await gone;
    clearTimeout(hard);
  }
}
