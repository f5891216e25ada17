import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { identityOf, isThere, processIdentity, type ProcessIdentity } from './process-identity.js';

/** Who runs the cluster of a folder. */
const ownerSchema = z.object({
  owner: processIdentity,
  /** The first process inside of the cluster's namespaces, as it is seen from outside: while it is there, so are they. */
  init: processIdentity.optional(),
});
type Owner = z.infer<typeof ownerSchema>;

/** Everything that we make in a state folder. Nothing else is ever removed from it. */
const contents = ['api.sock', 'ingress.sock', 'containerd.sock', 'containerd.sock.ttrpc', 'status.json', 'kubeconfig'];
const folders = ['containerd', 'etcd', 'pki', 'config', 'images', 'kubelet', 'log', 'volumes', 'kubelet-plugins'];

/** Sockets have paths of at most 107 bytes; this is the longest name that is put behind the folder's. */
const pathBytesMax = 107 - '/containerd.sock.ttrpc'.length;
/** Replaced by the cluster's own in its mount namespace, so what is below cannot be seen from both sides. */
const replacedInside = ['/run', '/var/run', '/etc', '/opt', '/var/lib', '/var/log', '/proc', '/sys', '/dev'];

/** One cluster's folder, held by one owner. */
export class StateFolder {
  private constructor(
    readonly path: string,
    private readonly owner: ProcessIdentity,
  ) {}

  /**
   * Takes the folder for this process. Rejects while another owner is alive; what a dead one left is not touched yet.
   * @param owner of this process, unless a test says otherwise
   */
  static async claim(folder: string, owner = identityOf(process.pid)): Promise<StateFolder> {
    if (owner === undefined) throw new Error('there is no /proc to tell one process from another');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = await realpath(folder);
    const problem = problemWith(path);
    if (problem !== undefined) throw new Error(problem);
    const state = new StateFolder(path, owner);
    const left = await state.#take();
    if (left?.init !== undefined) await gone(left.init);
    return state;
  }

  /** The name of everything of this cluster that lies outside of its folder and its namespaces: its control groups. */
  get cgroup(): string {
    return cgroupOf(this.path);
  }

  in(...names: readonly string[]): string {
    return join(this.path, ...names);
  }

  async rememberInit(init: ProcessIdentity): Promise<void> {
    await writeAtomically(this.in('owner.json'), { owner: this.owner, init });
  }

  /** Removes what a cluster left, apart from the owner's mark; the logs of one that failed may be kept. */
  async clean({ keepLogs = false } = {}): Promise<void> {
    const kept = keepLogs ? ['log'] : [];
    for (const name of [...contents, ...folders].filter((each) => !kept.includes(each)))
      await rm(this.in(name), { recursive: true, force: true });
  }

  async release(): Promise<void> {
    await rm(this.in('owner.json'), { force: true });
  }

  /** Puts our mark into the folder. Resolves to a dead owner's, if there was one. */
  async #take(): Promise<Owner | undefined> {
    const mark = this.in(`mark-${randomUUID()}.json`);
    await writeFile(mark, JSON.stringify({ owner: this.owner }), { mode: 0o600 });
    try {
      return await this.#takeTurn(mark, 'owner.json');
    } finally {
      await rm(mark, { force: true });
    }
  }

  /**
   * Gives a name to our mark that only one can have. Where a dead owner has it, whoever wants to follow needs a second such name first,
   * made of that owner: so one alone replaces the mark, and nobody replaces that of the living.
   */
  async #takeTurn(mark: string, name: string): Promise<Owner | undefined> {
    if (await linked(mark, this.in(name))) return undefined;
    const dead = await this.#deadOwner(name);
    // Released between the two looks.
    if (dead === undefined) return this.#takeTurn(mark, name);
    const turn = `${name}.after-${dead.owner.pid}-${dead.owner.startTime}`;
    await this.#takeTurn(mark, turn);
    try {
      const left = await this.#deadOwner(name);
      await link(mark, `${mark}.next`);
      await rename(`${mark}.next`, this.in(name));
      return left;
    } finally {
      await rm(this.in(turn), { force: true });
    }
  }

  async #deadOwner(name: string): Promise<Owner | undefined> {
    const other = await ownerOf(this.path, name);
    if (other === undefined || !isThere(other.owner)) return other;
    throw new Error(`A cluster runs in ${this.path} already (process ${other.owner.pid}).`);
  }
}

export function cgroupOf(path: string): string {
  return `facehash-cluster-${createHash('sha256').update(path).digest('hex').slice(0, 12)}`;
}

/** Undefined where nobody holds the folder. */
export async function ownerOf(folder: string, file = 'owner.json'): Promise<Owner | undefined> {
  const text = await readFile(join(folder, file), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  return ownerSchema.parse(JSON.parse(text));
}

/** Why a cluster can't keep its state there. */
export function problemWith(path: string): string | undefined {
  if (Buffer.byteLength(path) > pathBytesMax) {
    return `The state folder ${path} has too long a name: sockets in it must stay below 108 bytes, so it may have ${pathBytesMax}.`;
  }
  const replaced = replacedInside.find((folder) => path === folder || path.startsWith(`${folder}/`));
  if (replaced !== undefined) return `The state folder must not be below ${replaced}, which the cluster replaces by its own.`;
  return undefined;
}

const goneWithinMs = 30_000;

/** A killed namespace takes a moment until its last process is gone. */
export async function gone(process: ProcessIdentity): Promise<void> {
  const end = performance.now() + goneWithinMs;
  while (isThere(process)) {
    if (performance.now() > end) throw new Error(`process ${process.pid} of an older cluster is still there`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

export async function writeAtomically(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, JSON.stringify(value), { mode: 0o600 });
  await rename(temporary, path);
}
