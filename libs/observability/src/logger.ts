import type { LogFields, Logger } from '@facehash/kernel';
import { destination as fileDestination, pino, stdTimeFunctions, type Logger as PinoLogger } from 'pino';
import { errorFields } from './error-fields.js';
import { masked } from './masked.js';
import { readable } from './readable.js';

export interface LogDestination {
  write(text: string): void;
}

export interface LoggerOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Lines for a person at a terminal instead of JSON. */
  readonly pretty: boolean;
  /** The program, in every JSON line. */
  readonly name: string;
  /** Standard error when left out: standard output belongs to what a program prints for its caller. */
  readonly destination?: LogDestination;
}

/** A logger that writes a line at once, so that the last words of a crashing program are not lost. */
export function createLogger({ level, pretty, name, destination }: LoggerOptions): Logger {
  const out = destination ?? fileDestination({ fd: 2, sync: true });
  const write = (line: string): void => {
    const safe = masked(line);
    out.write(pretty ? readable(safe) : safe);
  };
  const root = pino(
    { level, name, base: { name }, timestamp: stdTimeFunctions.isoTime, serializers: { error: (e: unknown) => errorFields(e) } },
    { write },
  );
  return behindPort(root);
}

function behindPort(logger: PinoLogger): Logger {
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
    child: (fields: LogFields) => behindPort(logger.child(fields)),
  };
}
