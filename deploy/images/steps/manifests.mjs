import { cpSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withoutTimes } from './without-times.mjs';

// manifests.mjs FROM INTO: the package.json of the repository and of each of its packages, and the lock file.
const [from, into] = process.argv.slice(2);
const { workspaces } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
const manifests = workspaces.flatMap((pattern) => globSync(`${pattern}/package.json`, { cwd: from }));
for (const path of ['package.json', 'package-lock.json', ...manifests]) {
  mkdirSync(dirname(join(into, path)), { recursive: true });
  cpSync(join(from, path), join(into, path));
}
withoutTimes(into);
