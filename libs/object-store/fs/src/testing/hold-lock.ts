import { systemClock, systemRandom } from '@facehash/kernel';
import { PointerLock } from '../pointer-lock.js';
import { POINTER } from './programs.js';

// Takes the lock of the pointer and never gives it back.
const [folder = ''] = process.argv.slice(2);
await new PointerLock(folder, systemClock, systemRandom).alone(POINTER, async () => {
  process.stdout.write('held\n');
  await systemClock.sleep(60_000);
});
