import { seconds } from '../setup/progress.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';

/** @typedef {{passed: number, failed: number, skipped: number}} Counts */
export const onePassed = Object.freeze({ passed: 1, failed: 0, skipped: 0 });
export const oneFailed = Object.freeze({ passed: 0, failed: 1, skipped: 0 });
export const oneSkipped = Object.freeze({ passed: 0, failed: 0, skipped: 1 });

/** Runs stages one after another, whatever becomes of the ones before, and remembers what each counted and how long it took. */
export class Report {
  #rows = [];
  #write;
  #now;

  constructor({ write = (line) => console.log(line), now = () => performance.now() } = {}) {
    this.#write = write;
    this.#now = now;
  }

  /**
   * @param {() => Promise<Counts>} work a throw counts as one failure
   * @returns whether nothing failed
   */
  async stage(name, work) {
    this.#write(`\n── ${name}`);
    const startedAt = this.#now();
    const counts = await this.#counted(work);
    this.#rows.push({ name, ms: this.#now() - startedAt, ...counts });
    return counts.failed === 0;
  }

  skip(name) {
    this.#rows.push({ name, ms: 0, ...oneSkipped });
  }

  get failed() {
    return this.#total('failed') > 0;
  }

  /** The table of stages, and the line that a machine reads: always the last. */
  print() {
    this.#write(`\n${table(this.#rows)}\n`);
    const skipped = this.#total('skipped');
    this.#write(`${this.#total('passed')} passed, ${this.#total('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  }

  async #counted(work) {
    try {
      return await work();
    } catch (error) {
      this.#write(error instanceof SetUpError ? error.message : String(error.stack ?? error));
      return oneFailed;
    }
  }

  #total(column) {
    return this.#rows.reduce((sum, row) => sum + row[column], 0);
  }
}

function table(rows) {
  const cells = [
    ['stage', 'time', 'passed', 'failed', 'skipped'],
    ...rows.map((row) => [row.name, seconds(row.ms), `${row.passed}`, `${row.failed}`, `${row.skipped}`]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const aligned = (text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]));
  return cells.map((row) => row.map(aligned).join('  ').trimEnd()).join('\n');
}
