import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '../client.js';
import { applyModel } from '../command-line.js';
import { readAll, type PersonPhotos } from '../faces.js';
import type { Product } from '../product.js';

const READY_TIMEOUT_MS = 300_000;
const POLL_MS = 100;
/** As many as keep the vision processes of two cores busy. */
const CONNECTIONS = 6;

/** What the server said of one photo. */
export interface Answer {
  /** Null: "unknown". */
  readonly named: string | null;
  /** False: no face was found. */
  readonly seen: boolean;
}

/** One FaceModel on the running product, made, filled and asked from outside: command line and HTTP. */
export class Gallery {
  private constructor(
    private readonly name: string,
    private readonly dataDir: string,
    private readonly url: string,
    private readonly key: string,
  ) {}

  static async create(product: Product, { name, dataDir }: { readonly name: string; readonly dataDir: string }): Promise<Gallery> {
    await apply(name, dataDir, 0.01);
    const key = (await readFile(join(dataDir, 'keys', name), 'utf8')).trim();
    const gallery = new Gallery(name, dataDir, product.url, key);
    // The server notices a new model by itself, a moment later.
    await gallery.#until((model) => model['name'] === name);
    return gallery;
  }

  get client(): Client {
    return new Client(this.url, this.key);
  }

  /** Enrols the first `count` photos of each; gives how many photos were rejected. Resolves when the version of them all answers. */
  async enrol(persons: readonly PersonPhotos[], count: number): Promise<number> {
    let rejected = 0;
    await eachAtOnce(2, persons, async ({ name, photos }) => {
      const { status, body } = await this.client.train(name, await readAll(photos.slice(0, count)), { prefer: 'respond-async' });
      if (status !== 202 && status !== 422) throw new Error(`enrolment failed with ${status}`);
      rejected += body.rejected?.length ?? count;
    });
    await this.client.call('POST', '/v1/model/train');
    await this.settled();
    return rejected;
  }

  /** Without training. */
  async setTarget(falseAcceptTarget: number): Promise<void> {
    await apply(this.name, this.dataDir, falseAcceptTarget);
    await this.#until((model) => (model['recognition'] as { falseAcceptTarget: number }).falseAcceptTarget === falseAcceptTarget);
  }

  /** In the order of the photos. */
  async ask(paths: readonly string[]): Promise<readonly Answer[]> {
    const answers = new Map<string, Answer>();
    await eachAtOnce(CONNECTIONS, paths, async (path) => {
      const { status, body } = await this.client.recognize(await readFile(path));
      if (status !== 200) throw new Error(`recognition failed with ${status}`);
      answers.set(path, { named: body.foundFace, seen: body.similarity !== undefined });
    });
    return paths.map((path) => answers.get(path) ?? { named: null, seen: false });
  }

  /** Who is nearest, however far. */
  async nearest(path: string): Promise<string | null> {
    const image = await readFile(path);
    const response = await fetch(`${this.url}/v1/recognize?maxFaces=1&minFaceFraction=0.3&candidates=1`, {
      method: 'POST',
      headers: { 'x-api-key': this.key, 'content-type': 'image/jpeg' },
      body: Buffer.from(image),
      signal: AbortSignal.timeout(30_000),
    });
    const { faces } = (await response.json()) as { faces: { candidates: { name: string }[] }[] };
    return faces[0]?.candidates[0]?.name ?? null;
  }

  /** Resolves when a version of all photos answers. */
  async settled(): Promise<void> {
    await this.#until(({ phase, photos, active, target }) => {
      const answering = active as { photos: number } | null;
      return phase === 'Ready' && target === null && answering !== null && answering.photos === photos;
    });
  }

  async #until(holds: (model: Record<string, unknown>) => boolean): Promise<void> {
    for (const end = Date.now() + READY_TIMEOUT_MS; ; await new Promise((resolve) => setTimeout(resolve, POLL_MS))) {
      const { body } = await this.client.call('GET', '/v1/model');
      if (holds(body)) return;
      if (Date.now() > end) throw new Error(`${this.name} did not get there: ${JSON.stringify(body)}`);
    }
  }
}

/** Photos are trained on when all are there. */
async function apply(name: string, dataDir: string, falseAcceptTarget: number): Promise<void> {
  await applyModel(name, dataDir, { recognition: { falseAcceptTarget }, training: { debounceSeconds: 600, gate: { mode: 'Off' } } });
}

export async function eachAtOnce<T>(count: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: count }, worker));
}
