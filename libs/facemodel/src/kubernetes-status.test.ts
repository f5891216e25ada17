import { kubernetesStatusOf, parseKubernetesStatus, type KubernetesFacts } from './kubernetes-status.js';
import type { FaceModelStatus } from './status.js';
import { aStatus } from './testing/builders.js';

const facts: KubernetesFacts = {
  previous: null,
  now: new Date('2026-01-01T12:00:00.500Z'),
  jobName: 'front-door-1',
  queuePosition: 2,
  apiKey: { secretName: 'front-door-api-key', oldKeyValidUntil: null, hashes: ['0'.repeat(64)], rotation: null },
};
const ready = { type: 'Ready', status: 'True', reason: 'UpToDate', message: 'version v-1 answers', observedGeneration: 1 } as const;
const failure = {
  ...{ run: 'r', version: 'v-1', snapshot: 1, attempt: 1, final: false, code: 'X', at: '2026-01-01T00:00:00.000Z' },
  generation: 1,
};

describe('a status in Kubernetes', () => {
  it('says what was decided, and what only a cluster has', () => {
    const status = aStatus('fm-1', { conditions: [ready] });
    expect(kubernetesStatusOf(status, facts)).toEqual({
      ...status,
      activation: null,
      training: { ...status.training, jobName: 'front-door-1', queuePosition: 2 },
      apiKey: facts.apiKey,
      conditions: [{ ...ready, lastTransitionTime: '2026-01-01T12:00:00Z' }],
    });
  });

  it('has no word of what a run waits for where an older operator decided it', () => {
    const { waitingFor: _, ...training } = aStatus('fm-1').training;
    expect(kubernetesStatusOf(aStatus('fm-1', { training }), facts).training.waitingFor).toBeNull();
  });

  it('keeps the time of a condition for as long as its status stays, whatever its reason', () => {
    const first = kubernetesStatusOf(aStatus('fm-1', { conditions: [ready] }), facts);
    const later = { ...facts, previous: first, now: new Date('2026-01-02T00:00:00Z') };
    const times = (conditions: FaceModelStatus['conditions']) =>
      kubernetesStatusOf(aStatus('fm-1', { conditions }), later).conditions.map((c) => c.lastTransitionTime);
    expect(times([{ ...ready, reason: 'Pinned', message: 'other' }])).toEqual(['2026-01-01T12:00:00Z']);
    expect(times([{ ...ready, status: 'False' }])).toEqual(['2026-01-02T00:00:00Z']);
    expect(times([{ ...ready, type: 'Stalled' }])).toEqual(['2026-01-02T00:00:00Z']);
  });

  it('cuts messages that are too long to be written', () => {
    const message = 'm'.repeat(5000);
    const status = aStatus('fm-1', {
      conditions: [{ ...ready, message }],
      training: { run: null, stage: null, percent: null, attempt: 0, waitingFor: message, lastFailure: { ...failure, message } },
      quarantined: [{ personId: 'p', photosDigest: 'd', run: 'r', message, at: failure.at }],
    });
    const written = kubernetesStatusOf(status, facts);
    const { waitingFor, lastFailure } = written.training;
    const messages = [written.conditions[0]?.message, waitingFor, lastFailure?.message, written.quarantined[0]?.message];
    expect(messages).toEqual(Array(4).fill(`${'m'.repeat(1023)}…`));
    expect(parseKubernetesStatus(written)).toMatchObject({ ok: true });
  });

  it('is read back as it was decided, also after null fields were dropped', () => {
    const status = aStatus('fm-1', { conditions: [ready], activation: null });
    const written = kubernetesStatusOf(status, facts);
    const dropped: unknown = JSON.parse(JSON.stringify(written, (_, value: unknown) => value ?? undefined));
    for (const value of [written, dropped]) expect(parseKubernetesStatus(value)).toEqual({ ok: true, kubernetes: written, status });
  });

  it.each([undefined, null, {}])('is null where there is none: %j', (value) => {
    expect(parseKubernetesStatus(value)).toEqual({ ok: true, kubernetes: null, status: null });
  });

  it('leaves out what a newer operator wrote', () => {
    const written = kubernetesStatusOf(aStatus('fm-1', { conditions: [ready] }), facts);
    const newer = { ...written, moon: 'full', conditions: [...written.conditions, { ...written.conditions[0], type: 'Moon' }] };
    const parsed = parseKubernetesStatus(newer);
    expect(parsed.ok && parsed.status?.conditions).toEqual([ready]);
    expect(parsed.ok && parsed.status).not.toHaveProperty('moon');
  });

  it('tells where it cannot be read', () => {
    const written = kubernetesStatusOf(aStatus('fm-1'), facts);
    expect(parseKubernetesStatus({ ...written, phase: 'Dancing' })).toMatchObject({ ok: false, problems: [{ path: 'phase' }] });
  });
});
