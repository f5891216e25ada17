import fc from 'fast-check';
import { leaseSpec, leaseStep, microTime, observed, parseLease, type LeaseRecord } from './lease-record.js';

const held: LeaseRecord = {
  holder: 'other',
  durationSeconds: 15,
  acquiredAt: '2026-01-01T00:00:00.000000Z',
  renewedAt: '2026-01-01T00:00:10.000000Z',
  transitions: 3,
};
const asLease = (record: LeaseRecord) => ({ metadata: { name: 'l', resourceVersion: '1' }, spec: leaseSpec(record) });

describe('what a candidate does', () => {
  it.each([
    ['makes the lease that is not there', undefined, 0, { kind: 'create' }],
    ['renews its own, however old it is', { ...held, holder: 'me' }, 1_000_000, { kind: 'renew' }],
    ['takes what was given back at once', { ...held, holder: '' }, 0, { kind: 'take' }],
    ['waits while the other one may be alive', held, 14_999, { kind: 'wait', holder: 'other', leftMs: 1 }],
    ['takes what has not changed for its duration', held, 15_000, { kind: 'take' }],
  ])('%s', (_what, record, afterMs, step) => {
    expect(leaseStep({ record, resourceVersion: '1', sinceMs: 0 }, 'me', afterMs)).toEqual(step);
  });

  it('counts from when it saw the last change itself, whatever times the others write', () => {
    fc.assert(
      fc.property(
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }),
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }),
        (first, second) => {
          fc.pre(first.getTime() !== second.getTime());
          const before = observed(undefined, asLease({ ...held, renewedAt: microTime(first) }), 1_000);
          const same = observed(before, asLease({ ...held, renewedAt: microTime(first) }), 9_000);
          const renewed = observed(same, asLease({ ...held, renewedAt: microTime(second) }), 9_000);
          expect([same.sinceMs, renewed.sinceMs]).toEqual([1_000, 9_000]);
        },
      ),
    );
  });
});

describe('the record of a lease', () => {
  it('is read as it was written, with times as Kubernetes takes them', () => {
    expect(parseLease(asLease(held))).toEqual(held);
    expect(microTime(new Date('2026-01-01T00:00:00.125Z'))).toBe('2026-01-01T00:00:00.125000Z');
  });

  it('that somebody left empty belongs to nobody', () => {
    expect(parseLease({ metadata: { name: 'l' } })).toMatchObject({ holder: '', transitions: 0 });
  });
});
