import type { Clock, Random } from '@facehash/kernel';
import type { Defaults } from './config.js';

/** What a command has of the world around it, beside stores and servers. */
export interface CliContext {
  readonly defaults: Defaults;
  readonly write: (text: string) => void;
  readonly complain: (text: string) => void;
  /** Where bars are drawn; undefined where nobody looks at one. */
  readonly bars: NodeJS.WritableStream | undefined;
  /** Asks whoever sits there; undefined where nobody does. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

export interface GlobalOptions {
  readonly dataDir: string;
  readonly json?: true;
}

/** Why a command did not do what it was asked for, as a sentence that says what to do. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';

  /** `exitCode` 1: it could not be done; 2: it was not asked for properly. */
  constructor(
    message: string,
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message);
  }
}
