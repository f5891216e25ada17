export type LogFields = Readonly<Record<string, unknown>>;

/** The port every library logs through. Never pass a key, a photo or a descriptor in `fields`. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
}

const nothing = (): void => undefined;

/** Says nothing: for tests and for callers that have nowhere to log to. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silentLogger };
