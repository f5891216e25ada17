import { aStoredModel } from '@facehash/facemodel/testing';
import type { Observed, ObservedReplica } from '@facehash/lifecycle';
import { routeTo } from './route.js';

const address = 'http://door.facehash.svc:5000';
const active = { v: 1 as const, version: 'v-1', snapshot: 1, activatedAt: '2026-01-01T00:00:00Z' };
const replica = (overrides: Partial<ObservedReplica> = {}): ObservedReplica => ({
  id: 'one',
  ready: true,
  answering: 'v-1',
  verifiedCold: null,
  failed: null,
  ...overrides,
});

describe('where calls of a model go', () => {
  it.each<[string, Partial<Pick<Observed, 'replicas' | 'active'>> & { mode?: string }, string | null, string | null]>([
    ['to whoever is asked, of a Shared model', { mode: 'Shared', replicas: [replica()] }, null, null],
    ['to whoever is asked, once a model is Shared again', { mode: 'Shared', replicas: [replica()] }, address, null],
    ['to whoever is asked, until one of its own is there', { replicas: [] }, null, null],
    ['to whoever is asked, until one of its own is ready', { replicas: [replica({ ready: false })] }, null, null],
    ['to whoever is asked, until one of its own holds what answers', { replicas: [replica({ answering: 'v-0' })] }, null, null],
    ['to its own, once one of them does', { replicas: [replica({ answering: null }), replica()] }, null, address],
    ['to its own that has looked at what answers', { replicas: [replica({ answering: null, verifiedCold: 'v-1' })] }, null, address],
    ['to its own, where nothing answers yet', { active: null, replicas: [replica({ answering: null })] }, null, address],
    ['still to its own, while a version is being taken over', { replicas: [replica({ answering: 'v-2' })] }, address, address],
    ['to whoever is asked again, when none of its own is ready any more', { replicas: [replica({ ready: false })] }, address, null],
    ['not to an address of before', { replicas: [replica({ answering: 'v-2' })] }, 'http://elsewhere', null],
  ])('%s', (_, { mode = 'Dedicated', ...observed }, before, expected) => {
    const model = aStoredModel({ specInput: { serving: { mode } } });
    expect(routeTo(address, { model, active, replicas: [], ...observed }, before)).toBe(expected);
  });
});
