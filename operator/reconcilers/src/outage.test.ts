import { FaceHashError } from '@facehash/kernel';
import { FakeClock, RecordingLogger } from '@facehash/kernel/testing';
import { Outage } from './outage.js';

describe('a store that is away', () => {
  it('is said once, however many models it concerns, and once more when it is back', () => {
    const logger = new RecordingLogger();
    const clock = new FakeClock();
    const outage = new Outage(clock, logger);
    for (let i = 0; i < 100; i++) expect(outage.isWhy(new FaceHashError('STORE_UNAVAILABLE'))).toBe(true);
    clock.advance(1500);
    outage.worked();
    outage.worked();
    expect(logger.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
    expect(logger.lines[1]?.fields).toEqual({ afterMs: 1500, failures: 100 });
  });

  it('is not why something else failed', () => {
    const logger = new RecordingLogger();
    const outage = new Outage(new FakeClock(), logger);
    expect(outage.isWhy(new Error('a defect'))).toBe(false);
    expect(logger.lines).toEqual([]);
  });
});
