import type { ServerResponse } from 'node:http';
import { FaceHashError } from '@facehash/kernel';

/** Bounds the calls that are under way at once, however little each of them needs: over that nothing is read and nothing waits. */
export class Admission {
  #underWay = 0;

  constructor(private readonly max: number) {}

  /** Until the answer is sent or the client has hung up. Throws OVERLOADED. */
  enter(answer: Pick<ServerResponse, 'once'>): void {
    if (this.#underWay >= this.max) throw new FaceHashError('OVERLOADED', { underWay: this.#underWay });
    this.#underWay++;
    answer.once('close', () => this.#underWay--);
  }
}
