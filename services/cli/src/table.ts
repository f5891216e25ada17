import Table from 'cli-table3';

const border = ['top', 'bottom', 'left', 'right', 'mid'] as const;
const none = Object.fromEntries(
  [...border, ...border.flatMap((side) => [`${side}-mid`, `${side}-left`, `${side}-right`, `mid-${side}`])].map((name) => [name, '']),
);

/** Columns as wide as their widest cell, two spaces apart and without lines, for people and for `awk`. Wide characters count twice. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const drawn = new Table({
    chars: { ...none, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  if (head.length > 0) drawn.push([...head]);
  drawn.push(...rows.map((row) => row.map(printable)));
  const lines = drawn.toString().split('\n');
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

/** Names are other people's text: what would move the cursor of a terminal is not printed. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '�');
}
