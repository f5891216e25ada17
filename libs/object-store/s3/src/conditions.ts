import { sha256Hex } from '@facehash/kernel';
import type { Call } from './calls.js';
import { putObject } from './requests.js';

/** Beside all objects: no key of the port begins with a dot. It stays, so that nobody's removal can look like a condition that was ignored. */
const KEY = '.facehash/conditional-writes';
const body = Buffer.from('Whether this store honours the conditions of writes.\n');
const sha256 = sha256Hex(body);

/**
 * Whether the store honours conditions: one that ignores them answers every write with success, and would lose what others wrote. Asked
 * before the first write, in two or three requests.
 */
export class Conditions {
  #known = false;

  constructor(private readonly bucket: string) {}

  /** Rejects when the store ignores them. What cannot be found out now is asked again at the next write. */
  async check(call: Call): Promise<void> {
    if (this.#known) return;
    let answer = await this.#put(call, { 'if-none-match': '*' });
    // It was not there, or the store does not look.
    if (answer === 'written') answer = await this.#put(call, { 'if-none-match': '*' });
    if (answer === 'refused') answer = await this.#put(call, { 'if-match': '"00000000000000000000000000000000"' });
    if (answer === 'written') throw new Error('the store ignores the conditions of writes, and would lose some of them');
    if (answer === 'refused') this.#known = true;
  }

  async #put(call: Call, headers: Readonly<Record<string, string>>): Promise<'written' | 'refused' | 'unclear'> {
    const tried = await call.once((client) => putObject(client, { bucket: this.bucket, key: KEY }, { body, sha256, headers }));
    if ('value' in tried) return 'written';
    // Who may write below one model's prefix alone relies on whoever may do more.
    if (tried.trouble.kind === 'denied') this.#known = true;
    return tried.trouble.kind === 'conditionFailed' ? 'refused' : 'unclear';
  }
}
