import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Layers that hold decisions only: no I/O, no framework, no clock of their own. */
export const coreLayers = ['layer:kernel', 'layer:domain', 'layer:application-core', 'layer:application'];

/**
 * Folders of the packages that carry one of the tags, so that a new package is under the rules from its first line.
 * @returns {readonly string[]} relative to the root
 */
export function packagesTagged(tags) {
  const { workspaces } = readJson('package.json');
  const folders = workspaces.flatMap((pattern) => globSync(`${pattern}/package.json`, { cwd: root }).map((path) => dirname(path)));
  const found = folders.filter((folder) => readJson(join(folder, 'package.json')).nx?.tags?.some((tag) => tags.includes(tag)));
  // ESLint applies a block without files to everything: no package found must be an error and not a rule for all.
  if (found.length === 0) throw new Error(`no package carries any of the tags ${tags.join(', ')}`);
  return found;
}

function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}
