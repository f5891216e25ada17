import { noTracer, type PastSpan } from '@facehash/kernel';
import { createMetrics } from '@facehash/observability';
import { jobObserver } from './vision-jobs.js';

describe('what became of an image at the workers', () => {
  it('is measured: the wait by lane, the whole, and each stage once however many faces there were', async () => {
    const metrics = createMetrics();
    const stages = [
      { stage: 'decode', startMs: 0, ms: 2 },
      { stage: 'descriptor', startMs: 4, ms: 3 },
      { stage: 'descriptor', startMs: 7, ms: 5 },
    ];
    jobObserver(metrics, noTracer)({ kind: 'analyse', lane: 'recognition', cameMs: 1000, startedMs: 1100, endedMs: 1120, stages });
    const text = await metrics.render();
    for (const line of [
      'facehash_vision_queue_wait_seconds_sum{lane="recognition"} 0.1',
      'facehash_stage_duration_seconds_sum{stage="vision"} 0.02',
      'facehash_stage_duration_seconds_sum{stage="decode"} 0.002',
      'facehash_stage_duration_seconds_sum{stage="descriptor"} 0.008',
      'facehash_stage_duration_seconds_count{stage="descriptor"} 1',
    ]) {
      expect(text).toContain(line);
    }
  });

  it('is traced: the wait, then the work with its stages in their places', () => {
    const told: PastSpan[] = [];
    const tracer = { ...noTracer, past: (span: PastSpan) => told.push(span) };
    const stages = [{ stage: 'decode', startMs: 1, ms: 2 }];
    jobObserver(createMetrics(), tracer)({ kind: 'analyse', lane: 'enrolment', cameMs: 1000, startedMs: 1100, endedMs: 1120, stages });
    expect(told).toMatchObject([
      { name: 'vision.queue', startMs: 1000, endMs: 1100, attributes: { 'facehash.lane': 'enrolment' } },
      { name: 'vision.analyse', startMs: 1100, endMs: 1120, children: [{ name: 'decode', startMs: 1101, endMs: 1103 }] },
    ]);
  });
});
