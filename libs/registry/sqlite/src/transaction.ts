import type { DatabaseSync } from 'node:sqlite';

/** Runs `work` between BEGIN and COMMIT, or leaves everything as it was. IMMEDIATE: who reads first could be refused the lock afterwards. */
export function transaction<T>(connection: DatabaseSync, work: () => T): T {
  connection.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    connection.exec('COMMIT');
    return result;
  } catch (error) {
    // Some failures (a full disk) have ended the transaction by themselves.
    if (connection.isTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}
