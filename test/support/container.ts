import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { ImageConfig } from '@facehash/images';

/** What images of ours run as, and what a pod's `fsGroup` makes its volume belong to. */
const USER = 10001;
const STOP_TIMEOUT_MS = 30_000;

export interface ContainerOptions {
  /** The unpacked image. */
  readonly rootfs: string;
  readonly config: ImageConfig;
  /** Instead of the image's own command. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A folder that is mounted at /data. */
  readonly volume?: string;
}

/**
 * An image's program as a restricted pod runs it: a numeric user without a capability, a root file system that nobody can write, no way to
 * more privileges, one writable volume. By runc, in the network of the machine. It is asked to stop when this process ends, however that is.
 */
export class Container implements AsyncDisposable {
  readonly #ended: Promise<number>;
  #output = '';
  #over = false;

  private constructor(
    private readonly bundle: string,
    private readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    this.#ended = once(child, 'close').then(([code]) => {
      this.#over = true;
      return Number(code);
    });
  }

  static async start({ rootfs, config, command, env, volume }: ContainerOptions): Promise<Container> {
    const bundle = await mkdtemp(join(tmpdir(), 'facehash-container-'));
    if (volume !== undefined) {
      await mkdir(volume, { recursive: true });
      await chown(volume, USER, USER);
      await chmod(volume, 0o700);
    }
    const spec = runtimeSpec({ rootfs, config, args: command ?? [...config.entrypoint, ...config.cmd], env: env ?? {}, volume });
    await writeFile(join(bundle, 'config.json'), JSON.stringify(spec));
    // runc passes signals on to the program.
    const runc = ['--pdeathsig', 'TERM', 'runc', '--root', join(bundle, 'state'), 'run', '--bundle', bundle, nameIn(bundle)];
    return new Container(bundle, spawn('setpriv', runc, { stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  get printed(): string {
    return this.#output;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Resolves to the exit code when the program has ended by itself. */
  exited(): Promise<number> {
    return this.#ended;
  }

  /** SIGTERM, as a kubelet sends it; resolves to the exit code. Throws when the program does not end in time. */
  async stop(): Promise<number> {
    this.child.kill('SIGTERM');
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`it did not stop:\n${this.#output.slice(-3000)}`)), STOP_TIMEOUT_MS).unref();
    });
    return Promise.race([this.#ended, late]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) {
      await once(spawn('runc', ['--root', join(this.bundle, 'state'), 'kill', nameIn(this.bundle), 'KILL']), 'exit');
      await this.#ended;
    }
    await rm(this.bundle, { recursive: true, force: true });
  }
}

function nameIn(bundle: string): string {
  return `facehash-${basename(bundle).slice(-6)}`;
}

interface Spec {
  readonly rootfs: string;
  readonly config: ImageConfig;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly volume: string | undefined;
}

function runtimeSpec({ rootfs, config, args, env, volume }: Spec): object {
  const data = volume === undefined ? [] : [{ destination: '/data', type: 'bind', source: volume, options: ['rbind', 'rw'] }];
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid: USER, gid: USER },
      args,
      env: [...config.env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      cwd: config.workingDir,
      capabilities: { bounding: [], effective: [], permitted: [] },
      noNewPrivileges: true,
    },
    root: { path: rootfs, readonly: true },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
      { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'] },
      ...data,
    ],
    linux: {
      namespaces: [{ type: 'pid' }, { type: 'ipc' }, { type: 'mount' }],
      maskedPaths: ['/proc/kcore'],
      readonlyPaths: ['/proc/sys'],
    },
  };
}
