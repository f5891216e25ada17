import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** By a package of it, as this file runs from its source in tests and compiled in benchmarks. */
export const checkout = dirname(dirname(createRequire(import.meta.url).resolve('@facehash/tests/package.json')));

/** The blocks that follow `<!-- tested: <name> -->` in a document, as they stand there and in their order. Throws when there are none. */
export async function testedBlocks(document: string, name: string): Promise<readonly string[]> {
  const text = await readFile(join(checkout, document), 'utf8');
  const pattern = new RegExp(`<!-- tested: ${name} -->\\s+\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``, 'g');
  const blocks = [...text.matchAll(pattern)].flatMap(([, block]) => (block === undefined ? [] : [block]));
  if (blocks.length === 0) throw new Error(`${document} has no tested block ${name}`);
  return blocks;
}

/** The port is the one thing that a test changes in a text: the default may be taken on this machine. */
export function atPort(text: string, port: number): string {
  return text.replaceAll('localhost:5000', `127.0.0.1:${port}`);
}
