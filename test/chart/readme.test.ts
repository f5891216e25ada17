import { readFile, writeFile } from 'node:fs/promises';
import { isMap, isNode, isScalar, parse, parseDocument, type Node, type Pair, type YAMLMap } from 'yaml';
import { inChart, noHelm, render, type Values } from './support/helm.js';

const MARK = '<!-- generated from values.yaml: UPDATE_CHART=1 and test/chart/readme.test.ts write it -->\n\n';
const text = await readFile(inChart('values.yaml'), 'utf8');

interface Row {
  readonly path: string;
  /** As it is written; nothing of a group of values. */
  readonly value: string;
  readonly meaning: string;
}

describe('the README of the chart', () => {
  it('has every value with its default and what values.yaml says of it', async () => {
    const file = inChart('README.md');
    const [head = '', table] = (await readFile(file, 'utf8')).split(MARK);
    const generated = tableOf(rowsOf(parseDocument(text).contents));
    if (process.env['UPDATE_CHART'] === '1') await writeFile(file, head + MARK + generated);
    else expect(table).toBe(generated);
  });

  (noHelm === undefined ? it : it.skip)('shows values with which the chart can be installed', async () => {
    const [, example = ''] = /^```yaml\n(.*?)^```$/ms.exec(await readFile(inChart('README.md'), 'utf8')) ?? [];
    await expect(render(parse(example) as Values)).resolves.not.toEqual([]);
  });

  it('would notice another comment, default or value', () => {
    const rows = (yaml: string) => rowsOf(parseDocument(yaml).contents, '', yaml);
    expect(rows('# All of it.\n\na:\n  # How many.\n  # At most.\n  b: 1 # or 2\n  c: { d: x, e: [] }\n')).toEqual([
      { path: 'a', value: '', meaning: '' },
      { path: 'a.b', value: '1', meaning: 'How many. At most. or 2' },
      { path: 'a.c', value: '{ d: x, e: [] }', meaning: '' },
    ]);
  });
});

/** One for each value; what stands in one line in braces is one. */
function rowsOf(node: Node | null, path = '', source = text): readonly Row[] {
  if (!isMap(node)) return [];
  return node.items.flatMap((pair) => {
    const name = path === '' ? keyOf(pair) : `${path}.${keyOf(pair)}`;
    const row = { path: name, meaning: commentsOf(pair, source) };
    if (isGroup(pair.value)) return [{ ...row, value: '' }, ...rowsOf(pair.value, name, source)];
    return [{ ...row, value: source.slice(startOf(pair.value), endOf(pair.value)) }];
  });
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : '';
}

function isGroup(value: unknown): value is YAMLMap {
  return isMap(value) && value.flow !== true;
}

function startOf(value: unknown): number {
  return isNode(value) ? (value.range?.[0] ?? 0) : 0;
}

function endOf(value: unknown): number {
  return isNode(value) ? (value.range?.[1] ?? 0) : 0;
}

/** What stands above it without a gap, and behind it. */
function commentsOf(pair: Pair, source: string): string {
  if (!isScalar(pair.key)) return '';
  const lines = source.slice(0, pair.key.range?.[0]).split('\n').slice(0, -1);
  const first = lines.findLastIndex((line) => !line.trim().startsWith('#')) + 1;
  const behind = isGroup(pair.value) ? '' : (/^ *# *(.*)/.exec(source.slice(endOf(pair.value)))?.[1] ?? '');
  const above = lines.slice(first).map((line) => line.trim().slice(1).trim());
  return [...above, behind].filter((each) => each !== '').join(' ');
}

function tableOf(rows: readonly Row[]): string {
  const cells = [
    ['value', 'default', 'meaning'],
    ...rows.map(({ path, value, meaning }) => [code(path), value === '' ? '' : code(value), escaped(meaning)]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const [head = [], ...others] = cells;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...others.map(line), ''].join('\n');
}

function code(words: string): string {
  return `\`${escaped(words)}\``;
}

function escaped(words: string): string {
  return words.replaceAll('|', '\\|');
}
