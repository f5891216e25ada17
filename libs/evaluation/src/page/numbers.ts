import type { Proportion } from '../clopper-pearson.js';

/** With commas, whatever the machine's language is. */
export function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** `98.7 %`; small shares keep two digits, since 0.0 % is not 0.01 %. */
export function percent(share: number): string {
  return `${percentNumber(share)} %`;
}

function percentNumber(share: number): string {
  const value = share * 100;
  if (value === 0 || value === 100) return String(value);
  // A share that is not the whole must not be rounded to it.
  if (value > 99.95) return trimmed(Math.min(value, 99.99).toFixed(2));
  return trimmed(value < 1 ? value.toPrecision(2) : value.toFixed(1));
}

/** `93.2 to 99.8 %`, the interval of a proportion. */
export function interval({ low, high }: Pick<Proportion, 'low' | 'high'>): string {
  return `${percentNumber(low)} to ${percent(high)}`;
}

/** `1 of 100`, `3 of 1,000`: a share as people say it. */
export function outOf(share: number): string {
  const hundreds = Math.max(2, Math.ceil(-Math.log10(share) - 1e-9));
  return `${trimmed((share * 10 ** hundreds).toFixed(1))} of ${grouped(10 ** hundreds)}`;
}

/** `1 photo`, `2 photos`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

function trimmed(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
}
