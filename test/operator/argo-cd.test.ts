import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubernetesStatusOf, phases, type Condition, type FaceModelStatus, type Phase } from '@facehash/facemodel';
import { aStatus } from '@facehash/facemodel/testing';
import { parse } from 'yaml';
import { checkout } from '../support/documents.js';
import { runLua } from '../support/lua.js';

const configMap = await readFile(join(checkout, 'deploy/examples/argo-cd/argocd-cm.yaml'), 'utf8');
const { data } = parse(configMap) as { readonly data: Readonly<Record<string, string>> };
const [name = ''] = Object.keys(data);
const script = data[name] ?? '';

const generation = 7;
const told = { reason: 'UpToDate', message: 'as it should be', observedGeneration: generation } as const;
const conditions = (answers: boolean, stalled: boolean): readonly Condition[] => [
  { type: 'Ready', status: answers ? 'True' : 'False', ...told },
  { type: 'Trained', status: 'True', ...told },
  {
    type: 'Stalled',
    status: stalled ? 'True' : 'False',
    ...told,
    ...(stalled ? { reason: 'GateRefused', message: 'people would be lost' } : {}),
  },
];

/** As the operator writes it, of generation 7. */
function faceModel(status: Partial<FaceModelStatus> | null, metadata: object = { generation }): object {
  const facts = { previous: null, now: new Date('2026-01-01T00:00:00Z'), jobName: null, queuePosition: null, apiKey: null };
  const written = status && kubernetesStatusOf(aStatus('fm-1', { observedGeneration: generation, ...status }), facts);
  return {
    apiVersion: 'facehash.dev/v1alpha1',
    kind: 'FaceModel',
    metadata: { name: 'front-door', ...metadata },
    spec: {},
    status: written,
  };
}

describe('the health check for Argo CD', () => {
  const health = (object: object) => runLua(script, object, ['status', 'message']);

  it('is of the group and kind that FaceModels are', () => {
    expect(name).toBe('resource.customizations.health.facehash.dev_FaceModel');
  });

  /** Of a model that never answered, and of one that a version answers for. */
  const expected: Readonly<Record<Phase, readonly [before: string, since: string]>> = {
    Empty: ['Healthy', 'Healthy'],
    Waiting: ['Progressing', 'Healthy'],
    Training: ['Progressing', 'Healthy'],
    RollingOut: ['Progressing', 'Healthy'],
    Ready: ['Healthy', 'Healthy'],
    Degraded: ['Degraded', 'Degraded'],
    Suspended: ['Suspended', 'Suspended'],
    Deleting: ['Progressing', 'Progressing'],
  };
  it.each(Object.keys(phases) as Phase[])('knows phase %s, whether a version answers or not', (phase) => {
    const of = (answers: boolean) => health(faceModel({ phase, conditions: conditions(answers, false) }));
    expect([of(false)['status'], of(true)['status']]).toEqual(expected[phase]);
    expect(of(true)['message']).toBe(`${phase}: as it should be`);
  });

  it('shows what stands in the way, whatever the phase', () => {
    for (const phase of ['Degraded', 'Ready'] as const)
      expect(health(faceModel({ phase, conditions: conditions(true, true) }))).toEqual({
        status: 'Degraded',
        message: 'GateRefused: people would be lost',
      });
  });

  it('waits for the operator where it has not looked, or not at this change', () => {
    expect(health(faceModel(null))).toEqual({ status: 'Progressing', message: 'the operator has not looked at it yet' });
    const newer = faceModel({ phase: 'Ready', conditions: conditions(true, false) }, { generation: generation + 1 });
    expect(health(newer)).toEqual({ status: 'Progressing', message: 'the operator has not seen this change yet' });
  });

  it('is run by what complains of a mistake', () => {
    expect(() => runLua('return obj.status.phase', {}, [])).toThrow('attempt to index a nil value');
    expect(() => runLua('return string.upper("a")', {}, [])).toThrow("attempt to index a nil value (global 'string')");
  });
});
