import type { ObjectStore } from './ports.js';

/** Removes every object whose key starts with `prefix`. What is written meanwhile may stay; safe to repeat. */
export async function removeAll(objects: Pick<ObjectStore, 'list' | 'remove'>, prefix: string, signal?: AbortSignal): Promise<void> {
  for await (const { key } of objects.list(prefix, signal)) await objects.remove(key, signal);
}
