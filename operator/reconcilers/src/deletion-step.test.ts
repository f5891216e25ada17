import { deletionStep, type ObservedDeletion } from './deletion-step.js';

const MINUTE_MS = 60_000;
const deletedAt = new Date('2026-01-01T00:00:00Z');

const observed = (overrides: Partial<ObservedDeletion> = {}): ObservedDeletion => ({
  now: new Date(deletedAt.getTime() + 1000),
  deletedAt,
  deadlineMs: 10 * MINUTE_MS,
  finalizer: true,
  ownsStorage: true,
  keep: false,
  tombstone: 'published',
  runs: [],
  workloads: 'none',
  names: 'none',
  objects: 'none',
  ...overrides,
});
const everything = { tombstone: 'missing', runs: ['run-1'], workloads: 'some', names: 'some', objects: 'some' } as const;
const late = { now: new Date(deletedAt.getTime() + 10 * MINUTE_MS) };

describe('the next step of a deletion', () => {
  it.each([
    ['is none for what is not held by us', { ...everything, finalizer: false }, { kind: 'nothing' }],
    [
      'lets a model go that never had the storage, and touches nothing',
      { ...everything, ownsStorage: false },
      { kind: 'release', outcome: 'notOurs' },
    ],
    ['tells everybody before anything is taken away', everything, { kind: 'publishTombstone' }],
    ['tells everybody also where nothing is left', { tombstone: 'missing' }, { kind: 'publishTombstone' }],
    ['ends the runs, which would write', { ...everything, tombstone: 'published' }, { kind: 'cancelRuns', runs: ['run-1'] }],
    ['takes away what serves it alone', { workloads: 'some', objects: 'some' }, { kind: 'removeWorkloads' }],
    ['waits for the replicas to erase', { names: 'some', objects: 'some' }, { kind: 'wait' }],
    ['waits for what was not erased last', { objects: 'some' }, { kind: 'wait' }],
    ['lets it go once nothing is left', {}, { kind: 'release', outcome: 'erased' }],
    ['lets it go with what its owner keeps', { keep: true, names: 'some', objects: 'some' }, { kind: 'release', outcome: 'kept' }],
    ['tells everybody also where its owner keeps the rest', { ...everything, keep: true }, { kind: 'publishTombstone' }],
    ['ends runs of what is kept, too', { keep: true, runs: ['run-1'] }, { kind: 'cancelRuns', runs: ['run-1'] }],
    ['goes on with what can be seen while a store is away', { tombstone: 'unknown', runs: ['run-1'] }, { kind: 'cancelRuns' }],
    ['takes nothing for erased that could not be looked at', { objects: 'unknown' }, { kind: 'wait' }],
    ['takes nobody for told who could not be asked', { tombstone: 'unknown' }, { kind: 'wait' }],
    ['at the deadline is to try all and let it go', { ...everything, ...late }, { kind: 'giveUp' }],
    ['at the deadline is the receipt where all is done', late, { kind: 'release', outcome: 'erased' }],
  ] as const)('%s', (_, state, step) => expect(deletionStep(observed(state))).toMatchObject(step));

  it('says what may be left, and what could not be looked at', () => {
    expect(deletionStep(observed({ ...everything, ...late, objects: 'unknown' }))).toEqual({
      kind: 'giveUp',
      left: [
        'replicas that were not told',
        'training runs run-1',
        'workloads of its own',
        'names and rows in the registry',
        'photos and versions in the object store, which could not be looked at',
      ],
    });
    expect(deletionStep(observed({ ...everything, ...late, keep: true }))).toMatchObject({ left: { length: 3 } });
  });

  it('is looked for less and less often', () => {
    const pauses = [1, 20, 300].map((seconds) => {
      const step = deletionStep(observed({ objects: 'some', now: new Date(deletedAt.getTime() + seconds * 1000) }));
      return step.kind === 'wait' && step.againAfterMs;
    });
    expect(pauses).toEqual([1000, 5000, 15_000]);
  });
});
