import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** By a package of it, as this file runs from its source in tests and compiled in benchmarks. */
export const checkout = dirname(dirname(createRequire(import.meta.url).resolve('@facehash/tests/package.json')));

const block = /(?:<!-- tested: ([\w -]+) -->\s+)?^```(\w+)\n([\s\S]*?)^```$/gm;

interface Block {
  /** Of the tests that run it: `<!-- tested: <name> <name> -->` stands before it. */
  readonly names: readonly string[];
  readonly language: string;
  readonly text: string;
}

/** The blocks of a document that some test calls by this name, as they stand there and in their order. Throws when there are none. */
export async function testedBlocks(document: string, name: string): Promise<readonly string[]> {
  const blocks = (await blocksOf(document)).filter(({ names }) => names.includes(name)).map(({ text }) => text);
  if (blocks.length === 0) throw new Error(`${document} has no tested block ${name}`);
  return blocks;
}

/** All commands of a document, block by block. */
export async function commandsOf(document: string): Promise<readonly string[]> {
  return (await blocksOf(document)).filter(({ language }) => language === 'bash').map(({ text }) => text);
}

/** Of the document's commands, those that no test is named for. */
export async function untestedCommands(document: string): Promise<readonly string[]> {
  const blocks = await blocksOf(document);
  return blocks.filter(({ names, language }) => language === 'bash' && names.length === 0).map(({ text }) => text);
}

/** The port is the one thing that a test changes in a text: the default may be taken on this machine. */
export function atPort(text: string, port: number): string {
  return text.replaceAll('localhost:5000', `127.0.0.1:${port}`);
}

async function blocksOf(document: string): Promise<readonly Block[]> {
  const text = await readFile(join(checkout, document), 'utf8');
  return [...text.matchAll(block)].map(([, names = '', language = '', body = '']) => ({
    names: names.split(' ').filter(Boolean),
    language,
    text: body,
  }));
}
