import { setTimeout as sleep } from 'node:timers/promises';
import { accept } from './acceptance.js';
import { loadAcceptanceConfig } from './config.js';

// What `helm test` runs in the cluster: a client of this installation, with the key of a FaceModel that is there for it alone.

try {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  await accept({ ...loadAcceptanceConfig(process.env), say, sleep });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
