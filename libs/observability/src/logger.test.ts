import { FaceHashError, seededRandom } from '@facehash/kernel';
import { createLogger, type LoggerOptions } from './logger.js';

function logTo(options: Partial<LoggerOptions> = {}) {
  const written: string[] = [];
  const logger = createLogger({
    level: 'info',
    pretty: false,
    name: 'test',
    destination: { write: (text) => written.push(text) },
    ...options,
  });
  return { logger, written, line: () => JSON.parse(written.at(-1) ?? '') as Record<string, unknown> };
}

const key = `fhk_${Array.from(seededRandom(1).bytes(49), (b) => 'abcdefghijABCDEFGHIJ0123456789'[b % 30]).join('')}`;

describe('the logger', () => {
  it('writes one line of JSON with the time, the program, the message and the fields', () => {
    const { logger, written, line } = logTo();
    logger.info('listening', { port: 5000 });
    expect(written).toHaveLength(1);
    expect(written[0]).toMatch(/\n$/);
    expect(line()).toMatchObject({ name: 'test', msg: 'listening', port: 5000, level: 30 });
    expect(line()['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('leaves out what is below its level', () => {
    const { logger, written } = logTo({ level: 'warn' });
    logger.info('not said');
    logger.debug('not said either');
    expect(written).toEqual([]);
  });

  it('adds the fields of a child to each of its lines', () => {
    const { logger, line } = logTo();
    logger.child({ model: 'front-door' }).child({ run: 'r1' }).warn('slow', { seconds: 3 });
    expect(line()).toMatchObject({ model: 'front-door', run: 'r1', seconds: 3, msg: 'slow' });
  });

  it('says the code, details and causes of an error', () => {
    const { logger, line } = logTo();
    const cause = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    logger.error('failed', { error: new FaceHashError('STORE_UNAVAILABLE', { file: 'x' }, { cause }) });
    expect(line()['error']).toMatchObject({
      type: 'FaceHashError',
      code: 'STORE_UNAVAILABLE',
      details: { file: 'x' },
      cause: { message: 'no such file', code: 'ENOENT' },
    });
  });

  it('ends a chain of causes that goes round in a circle', () => {
    const { logger, line } = logTo();
    const error = new Error('a');
    error.cause = error;
    logger.error('failed', { error });
    expect(JSON.stringify(line()).length).toBeLessThan(20_000);
  });

  it.each([
    ['the message', (log: ReturnType<typeof logTo>['logger']) => log.info(`asked with ${key}`)],
    ['a field', (log: ReturnType<typeof logTo>['logger']) => log.info('asked', { url: `/${key}/train` })],
    ['a field deep inside', (log: ReturnType<typeof logTo>['logger']) => log.info('asked', { a: [{ b: `Bearer ${key}` }] })],
    ['an encoded URL', (log: ReturnType<typeof logTo>['logger']) => log.info('asked', { url: `/${key.replace('_', '%5F')}` })],
    ['the name of a field', (log: ReturnType<typeof logTo>['logger']) => log.info('asked', { [key]: 1 })],
    ['an error', (log: ReturnType<typeof logTo>['logger']) => log.error('asked', { error: new Error(`no route for /${key}`) })],
    ['a part of a key', (log: ReturnType<typeof logTo>['logger']) => log.info(`starts with ${key.slice(0, 20)}`)],
  ])('masks a key in %s, as JSON and as readable lines', (_where, say) => {
    for (const pretty of [false, true]) {
      const { logger, written } = logTo({ pretty });
      say(logger);
      expect(written.join('')).toContain('fhk_[masked]');
      expect(written.join('')).not.toContain(key.slice(4, 16));
    }
  });
});

describe('readable lines', () => {
  it('say when, how grave, what, and then the fields', () => {
    const { logger, written } = logTo({ pretty: true });
    logger.warn('a worker was replaced', { pid: 12, why: 'it hung' });
    expect(written[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN {2}a worker was replaced pid=12 why="it hung"\n$/);
  });

  it('show the stack of an error below', () => {
    const { logger, written } = logTo({ pretty: true });
    logger.error('failed', { error: new FaceHashError('INTERNAL', { step: 3 }) });
    expect(written[0]).toMatch(/ERROR failed\n {4}FaceHashError: Something went wrong.*\n {4} +at /);
    expect(written[0]).toContain('"step":3');
  });
});
