import { cpus, totalmem } from 'node:os';

export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the value should reach, as text (`>= 125`); null where it is only reported. */
  readonly target: string | null;
  readonly met: boolean | null;
}

/** A row whose target is a bound; `null` reports only. */
export function row(
  name: string,
  value: number,
  unit: string,
  bound: { readonly atLeast: number } | { readonly atMost: number } | null = null,
): Row {
  if (bound === null) return { name, value, unit, target: null, met: null };
  return 'atLeast' in bound
    ? { name, value, unit, target: `>= ${bound.atLeast}`, met: value >= bound.atLeast }
    : { name, value, unit, target: `<= ${bound.atMost}`, met: value <= bound.atMost };
}

function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} x ${cpu?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
}

/** Prints the table, and with `--json` one last line for programs. */
export function report(bench: string, rows: readonly Row[], json: boolean): void {
  const cells = rows.map((r) => [r.name, significant(r.value), r.unit, r.target ?? '', r.met === null ? '' : r.met ? 'met' : 'MISSED']);
  const head = ['', 'value', 'unit', 'target', ''];
  const widths = head.map((_, i) => Math.max(...[head, ...cells].map((line) => line[i]?.length ?? 0)));
  console.log(`\n${bench} on ${machine()}\n`);
  for (const line of [head, ...cells])
    console.log(
      line
        .map((cell, i) => (i === 1 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    );
  if (json) console.log(JSON.stringify({ bench, machine: machine(), rows }));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

function significant(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}
