import { FaceHashError, newId, seededRandom, systemClock } from '@facehash/kernel';
import { RecordingLogger } from '@facehash/kernel/testing';
import { otlpReceiver, type OtlpReceiver } from '@facehash/testing';
import { openTracer, type OpenedTracer } from './tracing.js';

const key = `fhk_${'a1B2'.repeat(12)}c`;

async function tracedTo(work: (tracer: OpenedTracer, logger: RecordingLogger) => unknown): Promise<{ readonly receiver: OtlpReceiver }> {
  await using receiver = await otlpReceiver();
  const logger = new RecordingLogger();
  const tracer = await openTracer({ endpoint: receiver.endpoint, name: 'test', logger });
  await work(tracer, logger);
  await tracer.close();
  expect(logger.lines).toEqual([]);
  return { receiver };
}

describe('spans', () => {
  it('of work within work are nested, across waits, and belong to the trace of the caller', async () => {
    const caller = { trace: '0af7651916cd43dd8448eb211c80319c', span: 'b7ad6b7169203331' };
    let told: string | undefined;
    const { receiver } = await tracedTo(
      (tracer) =>
        new Promise<void>((resolve) =>
          tracer.request({ name: 'POST /', traceparent: `00-${caller.trace}-${caller.span}-01` }, (request) => {
            told = request.traceId;
            void tracer
              .span('outer', async () => {
                await new Promise((later) => setImmediate(later));
                tracer.past({ name: 'inner', startMs: 1000, endMs: 2000, children: [{ name: 'innermost', startMs: 1200, endMs: 1300 }] });
              })
              .then(() => request.end())
              .then(resolve);
          }),
        ),
    );
    const named = (name: string) => receiver.spans.find((span) => span.name === name);
    expect(told).toBe(caller.trace);
    expect(receiver.spans.map(({ traceId }) => traceId)).toEqual(Array(4).fill(caller.trace));
    expect(named('POST /')?.parentSpanId).toBe(caller.span);
    expect(named('outer')?.parentSpanId).toBe(named('POST /')?.spanId);
    expect(named('inner')?.parentSpanId).toBe(named('outer')?.spanId);
    expect(named('innermost')?.parentSpanId).toBe(named('inner')?.spanId);
  });

  it('of two requests at once do not mix, and what runs in the background is part of neither', async () => {
    const { receiver } = await tracedTo(async (tracer) => {
      const one = (name: string) =>
        new Promise<void>((resolve) =>
          tracer.request({ name, traceparent: 'nonsense' }, (request) => {
            void tracer
              .span(`${name} work`, () => new Promise((later) => setImmediate(later)))
              .then(() => {
                tracer.background({ name: 'training.run', startMs: 1, endMs: 2 });
                request.end();
                resolve();
              });
          }),
        );
      await Promise.all([one('a'), one('b')]);
    });
    const traceOf = (name: string) => receiver.spans.find((span) => span.name === name)?.traceId;
    expect(traceOf('a work')).toBe(traceOf('a'));
    expect(traceOf('b work')).toBe(traceOf('b'));
    expect(new Set(receiver.spans.map(({ traceId }) => traceId)).size).toBe(4);
  });

  it('of what failed say the code and not the message, and the failure is passed on', async () => {
    const { receiver } = await tracedTo(async (tracer) => {
      await expect(tracer.span('later', () => Promise.reject(new FaceHashError('OVERLOADED')))).rejects.toMatchObject({
        code: 'OVERLOADED',
      });
      expect(() =>
        tracer.span('at once', () => {
          throw new Error(`no such file: ${key}`);
        }),
      ).toThrow('no such file');
    });
    expect(receiver.spans.map(({ attributes }) => attributes['error.type'])).toEqual(['OVERLOADED', 'INTERNAL']);
    expect(receiver.received).not.toContain('no such file');
  });

  it('hold no key, even where somebody put one', async () => {
    const { receiver } = await tracedTo((tracer) =>
      tracer.request(
        { name: `POST /${key}`, attributes: { path: `/${key}`, request: newId('req', systemClock, seededRandom(1)) } },
        (span) => {
          span.set({ header: `Bearer ${key}` });
          span.end();
        },
      ),
    );
    expect(receiver.spans).toHaveLength(1);
    expect(receiver.received).not.toContain(key.slice(4, 12));
  });

  it('that cannot be sent are said once, and cost no more than that', async () => {
    const logger = new RecordingLogger();
    const gone = await otlpReceiver();
    await gone[Symbol.asyncDispose]();
    const tracer = await openTracer({ endpoint: gone.endpoint, name: 'test', logger });
    tracer.background({ name: 'a', startMs: 1, endMs: 2 });
    await tracer.close();
    expect(logger.lines.map(({ message }) => message)).toEqual(['spans cannot be sent']);
  });
});
