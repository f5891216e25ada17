import { lutimesSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Sets every time below `folder` to 1970: what builders compare when they decide whether to copy it again is then its contents alone. */
export function withoutTimes(folder) {
  for (const name of readdirSync(folder, { recursive: true })) lutimesSync(join(folder, name), 0, 0);
  lutimesSync(folder, 0, 0);
}
