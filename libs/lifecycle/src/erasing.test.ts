import { observe, readyReplica, samples, trainedVersion, wantedName } from './testing/observed.js';
import { plan } from './plan.js';

const T0 = new Date('2026-01-01T00:00:00Z');
const pointer = (version: string, snapshot: number) => ({ v: 1 as const, version, snapshot, activatedAt: T0.toISOString() });

/** Ann is erased: `old` was made with her photos, the samples of `without` hold her no more. */
const [ann, ben] = ['per_ann', 'per_ben'];
const erasing = new Map([[ann, T0.toISOString()]]);
const latest = samples(4, 'without Ann');
const old = { ...trainedVersion(samples(3)), people: [ann, ben] };
const anew = { ...trainedVersion(latest), people: [ben] };
const answering = { active: pointer(old.version, 3), erasing };
const nobody = { ...samples(4, 'nobody'), people: 0, photos: 0 };

describe('a person who is being erased', () => {
  it('has a version trained without them, which no gate holds back', () => {
    const { step, status } = plan(observe({ ...answering, latest, stored: [old] }));
    expect(step).toMatchObject({ kind: 'startRun', spec: { version: anew.version, gateMode: 'Warn' } });
    expect(status.activeVersion?.name).toBe(old.version);
    const refused = { ...anew, evaluation: { ...anew.evaluation, gate: { verdict: 'Refused' as const, message: 'worse' } } };
    const rolling = plan(observe({ ...answering, latest, stored: [old, refused], replicas: [readyReplica('a')] }));
    expect(rolling.status.rollout?.version.name).toBe(anew.version);
  });

  it('waits for a snapshot that lists them no more, without a run on the one that does', () => {
    const { step, status } = plan(observe({ ...answering, latest: samples(3), latestListsErased: true, active: null }));
    expect(step).toBeNull();
    expect(status.conditions.find((c) => c.type === 'Ready')?.reason).toBe('Erasing');
  });

  it('ends a run that may read their photos, once there is a snapshot without', () => {
    const started = plan(observe({ latest: samples(3) })).step;
    if (started?.kind !== 'startRun') throw new Error('expected a run to start');
    const run = { spec: started.spec };
    expect(plan(observe({ latest, run, erasing })).step).toEqual({ kind: 'cancelRun', run: run.spec.run });
    expect(plan(observe({ latest: samples(3), latestListsErased: true, run, erasing })).step).toBeNull();
    expect(plan(observe({ latest, run })).step).toBeNull();
  });

  it('stops a version that knows them on its way to the replicas, and one that a run has just made', () => {
    const stored = { ...old, people: [ann, ben] };
    const { status } = plan(observe({ latest: samples(3), stored: [stored], replicas: [readyReplica('a')] }));
    expect(status.rollout).not.toBeNull();
    const seen = { latest: samples(3), latestListsErased: true, stored: [stored], erasing };
    expect(plan(observe({ ...seen, status, replicas: [readyReplica('a')] })).status.rollout).toBeNull();
    const started = plan(observe({ latest: samples(3) })).step;
    if (started?.kind !== 'startRun') throw new Error('expected a run to start');
    const run = { spec: started.spec, outcome: { outcome: 'trained' as const, version: stored.version } };
    expect(plan(observe({ ...seen, run, replicas: [readyReplica('a')] }))).toMatchObject({
      status: { rollout: null },
      forgetRun: started.spec.run,
    });
  });

  it('voids the pin of a version that knows them', () => {
    const spec = { versions: { pin: old.version } };
    expect(plan(observe({ ...answering, latest, stored: [old], spec })).step).toMatchObject({ kind: 'startRun' });
    expect(plan(observe({ latest, stored: [old], active: answering.active, spec })).step).toMatchObject({ kind: 'sweep' });
  });

  it('is out of quarantine, which changes the version that is wanted at once', () => {
    const known = plan(observe({ latest })).status;
    const status = {
      ...known,
      quarantined: [{ personId: ann, photosDigest: 'x', run: 'v-1-g1-a1', message: 'spoils', at: T0.toISOString() }],
    };
    expect(plan(observe({ latest, status })).step).not.toMatchObject({ spec: { version: wantedName(latest) } });
    const after = plan(observe({ latest, status, erasing }));
    expect(after.step).toMatchObject({ spec: { version: wantedName(latest), quarantined: [] } });
    expect(after.status.quarantined).toEqual([]);
  });
});

describe('the version that knows somebody who is being erased', () => {
  it('answers on while another is trained, but not for ever', () => {
    const late = (ms: number) => plan(observe({ ...answering, latest, stored: [old], now: new Date(T0.getTime() + ms) }));
    expect(late(3_599_999).step).toMatchObject({ kind: 'startRun' });
    expect(late(3_600_000)).toMatchObject({ step: { kind: 'deactivate' }, status: { activeVersion: null } });
  });

  it('is withdrawn at once when nobody is left, and the model is Empty', () => {
    const { step, status } = plan(observe({ ...answering, latest: nobody, stored: [old] }));
    expect(step).toEqual({ kind: 'deactivate' });
    expect(status).toMatchObject({ phase: 'Empty', activeVersion: null });
  });

  it('is withdrawn at its deadline also while the model is suspended', () => {
    const now = new Date(T0.getTime() + 3_600_000);
    expect(plan(observe({ ...answering, latest, stored: [old], now, spec: { suspend: true } })).step).toEqual({ kind: 'deactivate' });
  });
});

describe('tidying the store', () => {
  const settled = { latest, active: pointer(anew.version, 4), stored: [anew] };

  it('follows a promotion, once', () => {
    const { step, status } = plan(observe(settled));
    expect(step).toEqual({
      kind: 'sweep',
      keep: { versions: [anew.version], others: 5, without: [], snapshotsFrom: 4, reports: [anew.version] },
    });
    expect(plan(observe({ ...settled, status })).step).toBeNull();
  });

  it('leaves the reports that the status points to', () => {
    const known = plan(observe(settled)).status;
    const someone = { personId: 'per_twice', photosDigest: 'x', run: 'v-refused-g3-a2', message: 'spoils', at: T0.toISOString() };
    const refused = { outcome: 'refused' as const, code: 'VERSION_REFUSED', message: 'worse' };
    const started = plan(observe({ latest: samples(5, 'worse photos') })).step;
    if (started?.kind !== 'startRun') throw new Error('expected a run to start');
    const failed = plan(observe({ ...settled, latest: samples(5, 'worse photos'), run: { spec: started.spec, outcome: refused } })).status;
    const status = { ...known, swept: null, quarantined: [someone], training: failed.training };
    const { step } = plan(observe({ ...settled, status, spec: { versions: { pin: anew.version } } }));
    expect(step).toMatchObject({ kind: 'sweep', keep: { reports: [anew.version, started.spec.version, 'v-refused'] } });
  });

  it('is done again for somebody who is erased, and says that nothing lists them when it is done', () => {
    const tidied = plan(observe(settled)).status;
    const { step, status } = plan(observe({ ...settled, status: tidied, erasing }));
    expect(step).toMatchObject({ kind: 'sweep', keep: { without: [ann], reports: [] } });
    expect(status.swept).toEqual({ version: anew.version, snapshot: 4, erased: [ann] });
    expect(plan(observe({ ...settled, status, erasing })).step).toBeNull();
    const over = plan(observe({ ...settled, status }));
    expect([over.step, over.status.swept?.erased]).toEqual([null, []]);
  });

  it.each([
    ['the version that answers knows them', { latest, active: answering.active, stored: [old] }],
    ['the newest snapshot lists them', { ...settled, latestListsErased: true }],
  ])('says nothing of them while %s', (_, seen) => {
    expect(plan(observe({ ...seen, erasing, runSlotFree: false })).status.swept?.erased ?? []).toEqual([]);
  });

  it('waits for the end of a run, which is writing what no version names yet', () => {
    const started = plan(observe({ latest: samples(5, 'more') })).step;
    if (started?.kind !== 'startRun') throw new Error('expected a run to start');
    expect(plan(observe({ ...settled, latest: samples(5, 'more'), run: { spec: started.spec } })).step).toBeNull();
  });

  it('is done where nobody is left, too', () => {
    expect(plan(observe({ latest: nobody, erasing })).step).toMatchObject({ kind: 'sweep', keep: { versions: [], without: [ann] } });
  });
});
