import type { DatabaseSync } from 'node:sqlite';
import { transaction } from './transaction.js';

/**
 * Brings the schema from its version, which the file keeps as `user_version`, to the newest. Each step is a transaction of its own, taken
 * by one process while others wait: a step happens once, and wholly or not at all. A newer schema than this program knows is refused.
 */
export function migrate(connection: DatabaseSync, steps: readonly string[]): void {
  const before = version(connection);
  if (before > steps.length)
    throw new Error(`the database is of a newer FaceHash: its schema is ${before}, and ${steps.length} is known here`);
  for (const [from, step] of steps.entries()) {
    if (version(connection) > from) continue;
    transaction(connection, () => {
      // Another process may have been faster between the look and the lock.
      if (version(connection) === from) connection.exec(`${step}; PRAGMA user_version = ${from + 1}`);
    });
  }
}

function version(connection: DatabaseSync): number {
  return Number(connection.prepare('PRAGMA user_version').get()?.['user_version']);
}
