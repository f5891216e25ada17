import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@facehash/testing';
import { Program } from './program.js';

export interface ProductOptions {
  readonly dataDir: string;
  /** The same port again after a restart lets a client go on; a free one when left out. */
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly startTimeoutMs?: number;
}

/** The product on one machine, started as `npm start` starts it, on a free port. */
export class Product implements AsyncDisposable {
  private constructor(
    readonly url: string,
    readonly port: number,
    readonly apiKey: string,
    private readonly program: Program,
  ) {}

  static async start({ dataDir, env, startTimeoutMs, ...options }: ProductOptions): Promise<Product> {
    const port = options.port ?? (await freePort());
    const url = `http://127.0.0.1:${port}`;
    const program = await Program.start({
      healthUrl: url,
      env: { FACEHASH_DATA_DIR: dataDir, PORT: String(port), ...env },
      ...(startTimeoutMs === undefined ? {} : { startTimeoutMs }),
    });
    return new Product(url, port, (await readFile(join(dataDir, 'api-key'), 'utf8')).trim(), program);
  }

  get pid(): number {
    return this.program.pid;
  }

  get ended(): boolean {
    return this.program.ended;
  }

  /** Everything that it wrote to standard output and error. */
  get printed(): string {
    return this.program.printed;
  }

  stop(): Promise<void> {
    return this.program.stop();
  }

  kill(): Promise<void> {
    return this.program.kill();
  }

  exited(): Promise<void> {
    return this.program.exited();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.kill();
  }
}
