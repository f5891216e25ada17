const levels: Readonly<Record<number, string>> = { 20: 'DEBUG', 30: 'INFO ', 40: 'WARN ', 50: 'ERROR', 60: 'FATAL' };

/** One of pino's JSON lines for a person at a terminal: time, level, message, then the fields; a stack below it. */
export function readable(line: string): string {
  const { level, time, name: _name, msg, error, ...fields } = parse(line);
  const clock = typeof time === 'string' ? time.slice(11, 23) : '';
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${brief(value)}`);
  const head = `${clock} ${levels[Number(level)] ?? 'LOG  '} ${String(msg)}${rest.join('')}`;
  return `${head}${error === undefined ? '' : problem(error)}\n`;
}

function parse(line: string): Record<string, unknown> {
  const value: unknown = JSON.parse(line);
  return typeof value === 'object' && value !== null ? { ...value } : { msg: line };
}

function brief(value: unknown): string {
  return typeof value === 'string' && !/[\s"]/.test(value) ? value : JSON.stringify(value);
}

function problem(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('stack' in error)) return ` error=${brief(error)}`;
  const { stack, type: _type, message: _message, ...more } = { type: '', message: '', ...error };
  const details = Object.keys(more).length === 0 ? '' : `\n    ${JSON.stringify(more)}`;
  return `\n    ${String(stack).replaceAll('\n', '\n    ')}${details}`;
}
