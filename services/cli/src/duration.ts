import { InvalidArgumentError } from 'commander';

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MAX_MS = 7 * 86_400_000;

/** `90s`, `15m`, `24h`, `7d` → ms. At most a week: a timer has its bounds, and so has patience. */
export function durationMs(text: string): number {
  const [, number, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = Number(number) * (units[unit] ?? Number.NaN);
  if (!Number.isFinite(ms)) throw new InvalidArgumentError('It is a number with its unit: 90s, 15m, 24h or 7d.');
  if (ms > MAX_MS) throw new InvalidArgumentError('It is at most 7d.');
  return ms;
}
