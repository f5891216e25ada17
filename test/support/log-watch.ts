import type { Program } from './program.js';

export interface Complaint {
  readonly level: 'warn' | 'error';
  readonly msg: string;
  readonly [field: string]: unknown;
}

const levels: Readonly<Record<number, Complaint['level']>> = { 40: 'warn', 50: 'error', 60: 'error' };

/** What a program has complained of in its log since this was made. */
export class LogWatch {
  readonly #from: number;

  constructor(private readonly program: Program) {
    this.#from = program.printed.length;
  }

  get complaints(): readonly Complaint[] {
    return this.program.printed.slice(this.#from).split('\n').flatMap(complaintIn);
  }

  /** How often each thing was said. */
  get counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { msg } of this.complaints) counts[msg] = (counts[msg] ?? 0) + 1;
    return counts;
  }
}

/** Those of the secrets that a program has printed at any time. */
export function printedOf(secrets: readonly string[], programs: readonly Program[]): readonly string[] {
  return secrets.filter((secret) => programs.some(({ printed }) => printed.includes(secret)));
}

/** Nothing in a line that is still being written. */
function complaintIn(line: string): readonly Complaint[] {
  try {
    const { level: number, ...fields } = JSON.parse(line) as { readonly level: number; readonly msg: string };
    const level = levels[number];
    return level === undefined ? [] : [{ ...fields, level }];
  } catch {
    return [];
  }
}
