import { readFileSync } from 'node:fs';
import process from 'node:process';

// Loaded before a program by NODE_OPTIONS=--import: its wall clock is set by so many ms as the file says, each time that it gets SIGUSR2.

const { Date: Real } = globalThis;
let byMs = 0;

globalThis.Date = class Date extends Real {
  constructor(...args) {
    if (args.length === 0) super(Real.now() + byMs);
    else super(...args);
  }

  static now() {
    return Real.now() + byMs;
  }
};

process.on('SIGUSR2', () => {
  byMs = Number(readFileSync(process.env.FACEHASH_TEST_CLOCK_FILE ?? '', 'utf8'));
});
