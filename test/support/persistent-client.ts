import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from './client.js';
import type { Ledger } from './ledger.js';
import { sampleFace, samplePersons } from './sample-faces.js';

const AGAIN_MS = 100;
const TRIES_MAX = 600;

/**
 * Enrols photos over replicas that die and come back, over one after the other until one of them acknowledges each. A connection that broke,
 * and an answer that says to come again, acknowledge nothing.
 */
export class PersistentClient {
  /** How often each refusal was met. */
  readonly refusals = new Map<string, number>();
  #turn = 0;

  constructor(
    private readonly clients: readonly Client[],
    private readonly ledger: Ledger,
  ) {}

  async enrol(person: string, photos: readonly Uint8Array[]): Promise<void> {
    let left = photos;
    for (let tries = 0; tries < TRIES_MAX && left.length > 0; tries++) {
      const sent = left;
      const outcomes = await this.#send(person, sent);
      const taken = sent.filter((_, i) => outcomes[i] === 'accepted' || outcomes[i] === 'duplicate');
      for (const photo of taken) this.ledger.acknowledge(person, photo);
      left = sent.filter((photo) => !taken.includes(photo));
      if (left.length > 0) await sleep(AGAIN_MS);
    }
    if (left.length > 0) throw new Error(`not taken in after ${TRIES_MAX} tries: ${JSON.stringify([...this.refusals])}`);
  }

  /** What became of each photo; nothing is known of a call without an answer. */
  async #send(person: string, photos: readonly Uint8Array[]): Promise<readonly string[]> {
    const client = this.clients[this.#turn++ % this.clients.length];
    if (!client) throw new Error('there are no replicas');
    const images = photos.map((photo) => Buffer.from(photo).toString('base64'));
    const answer = await client.call('POST', `/v1/people/${person}/photos`, { images }).catch(() => undefined);
    const outcomes = ((answer?.body['photos'] ?? []) as { outcome: string; code?: string }[]).map(({ outcome, code }) => code ?? outcome);
    if (answer?.status === 200) return outcomes;
    const why = answer ? `${answer.status} ${String(answer.body['code'])}` : 'the connection broke';
    this.refusals.set(why, (this.refusals.get(why) ?? 0) + 1);
    return [];
  }
}

/** As many photos as are asked for, no two of the same bytes, of all sample persons in turn. */
export async function distinctPhotos(count: number): Promise<readonly { readonly who: number; readonly photo: Buffer }[]> {
  const takes = 4;
  const made = await Promise.all(
    Array.from({ length: samplePersons * takes }, (_, i) => sampleFace(i % samplePersons, Math.floor(i / samplePersons))),
  );
  return Array.from({ length: count }, (_, i) => ({
    who: i % samplePersons,
    photo: withComment(made[i % made.length] ?? Buffer.alloc(0), `photo ${i}`),
  }));
}

/** Another file of the same picture: a comment right after the start of the JPEG. */
function withComment(jpeg: Buffer, text: string): Buffer {
  const comment = Buffer.from(text);
  const head = Buffer.from([0xff, 0xfe, 0, 0]);
  head.writeUInt16BE(comment.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, comment, jpeg.subarray(2)]);
}
