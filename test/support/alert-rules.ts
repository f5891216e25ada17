import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface FiringAlert {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Situation {
  /** What was scraped each minute: values by series, in the notation of Prometheus' own tests (`0+60x70 stale`). */
  readonly series: Readonly<Record<string, string>>;
  /** Minutes after the first sample at which is looked. They rise. */
  readonly at: readonly number[];
}

const TIMEOUT_MS = 120_000;

/** What fires in each situation, at each of its minutes, by Prometheus' own engine. `from`: rules are evaluated from that minute on. */
export async function firingAlerts(
  program: string,
  { rules, from }: { readonly rules: string; readonly from: number },
  situations: readonly Situation[],
): Promise<readonly (readonly (readonly FiringAlert[])[])[]> {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'pipe'], timeout: TIMEOUT_MS });
  const ended = once(child, 'close');
  child.stdin.end(situations.map(({ series, at }) => JSON.stringify({ rules, series: loaded(series), from, at })).join('\n'));
  const [out, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with ${code ?? 'a signal'}: ${complaint}`);
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as readonly (readonly FiringAlert[])[]);
}

function loaded(series: Situation['series']): string {
  return ['load 1m', ...Object.entries(series).map(([name, values]) => `  ${name} ${values}`)].join('\n');
}
