import type { LogFields, Logger } from '../logger.js';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** Remembers every line, so that a test can say what was logged and what must not be. */
export class RecordingLogger implements Logger {
  readonly lines: LogLine[];

  constructor(
    private readonly bound: LogFields = {},
    lines: LogLine[] = [],
  ) {
    this.lines = lines;
  }

  debug(message: string, fields?: LogFields): void {
    this.#add('debug', message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#add('info', message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#add('warn', message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#add('error', message, fields);
  }
  child(fields: LogFields): Logger {
    return new RecordingLogger({ ...this.bound, ...fields }, this.lines);
  }

  #add(level: LogLine['level'], message: string, fields: LogFields = {}): void {
    this.lines.push({ level, message, fields: { ...this.bound, ...fields } });
  }
}
