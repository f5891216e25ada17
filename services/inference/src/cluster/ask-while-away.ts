import { layout } from '@facehash/artifacts';
import { supervise, type Closer } from '@facehash/kernel';
import type { S3ObjectStore } from '@facehash/object-store-s3';
import type { Context } from '../composition/parts.js';

const EVERY_MS = 5000;

/**
 * What is known of the object store's health is what its last call said. Where nobody calls, because nobody enrols or because it was just
 * started, this one does: until the store answers.
 */
export function askWhileAway(objects: Pick<S3ObjectStore, 'health' | 'read'>, context: Context, closer: Closer): void {
  const { clock, random } = context;
  const stop = new AbortController();
  const asking = async (): Promise<void> => {
    for (;;) {
      // That it fails is told by the health, once.
      if (!objects.health().ok) await objects.read(layout.controllerTerm, stop.signal).catch(() => stop.signal.throwIfAborted());
      await clock.sleep(EVERY_MS * (0.75 + random.next() / 2), stop.signal);
    }
  };
  const asked = supervise(asking, { ...context, what: 'health of the object store', signal: stop.signal });
  closer.defer('health of the object store', () => {
    stop.abort();
    return asked;
  });
}
