import { noHelm } from './support/helm.js';
import { podOf, podsOf, type Container, type Pod, type PodSpec } from './support/manifests.js';
import { faultsOfPod } from './support/pod-security.js';
import { renderedSet, setNames } from './support/value-sets.js';

describe('the pods of the chart', () => {
  if (noHelm !== undefined) it.skip(`are not looked at: ${noHelm}`, () => undefined);
  else secured();
});

function secured(): void {
  it.each(setNames)('meet the restricted pod security standard: %s', async (name) => {
    const pods = podsOf(await renderedSet(name));
    expect(pods.length).toBeGreaterThanOrEqual(3);
    expect(pods.flatMap(({ of, spec }) => faultsOfPod(spec).map((fault) => `${of}: ${fault}`))).toEqual([]);
  });

  it.each(setNames)('write nowhere but where they are given room, and have a bound on memory: %s', async (name) => {
    const containers = await containersOf(name);
    expect(containers.filter(({ securityContext }) => securityContext?.['readOnlyRootFilesystem'] !== true)).toEqual([]);
    expect(containers.filter(({ resources }) => resources?.['limits']?.['memory'] === undefined)).toEqual([]);
  });

  it.each(setNames)('may read the Secrets that they mount: %s', async (name) => {
    for (const { of, spec } of podsOf(await renderedSet(name)))
      expect({ of, unreadable: unreadableIn(spec) }).toEqual({ of, unreadable: [] });
  });

  it.each(setNames)('get no credentials of Kubernetes, but for the operator: %s', async (name) => {
    const withToken = podsOf(await renderedSet(name)).filter(({ spec }) => spec.automountServiceAccountToken !== false);
    expect(withToken.map(({ of }) => of)).toEqual(['Deployment facehash-operator']);
  });

  it.each<[fault: string, of: Partial<PodSpec>, container?: Partial<Container>]>([
    ['shares a namespace of its node', { hostNetwork: true }],
    ['has a volume of a kind that is not allowed', { volumes: [{ name: 'node', hostPath: { path: '/' } }] }],
    ['sets kernel parameters', { securityContext: { ...nobody(), sysctls: [{ name: 'net.core.somaxconn' }] } }],
    ['inference runs as user 0', { securityContext: { ...nobody(), runAsUser: 0 } }],
    ['inference may run as root', { securityContext: { ...nobody(), runAsNonRoot: false } }],
    ['inference has no seccomp profile', { securityContext: { runAsNonRoot: true } }],
    ['inference has AppArmor off', { securityContext: { ...nobody(), appArmorProfile: { type: 'Unconfined' } } }],
    ['inference is privileged', {}, { securityContext: { ...dropped(), privileged: true } }],
    ['inference may gain privileges', {}, { securityContext: { capabilities: { drop: ['ALL'] } } }],
    ['inference does not drop all capabilities', {}, { securityContext: { allowPrivilegeEscalation: false } }],
    ['inference adds a capability', {}, { securityContext: { ...dropped(), capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } } }],
    ['inference takes a port of its node', {}, { ports: [{ containerPort: 5000, hostPort: 80 }] }],
  ])('would not meet it with a pod of which this holds: %s', async (fault, of, own = {}) => {
    const { spec } = await inference();
    const [container] = spec.containers;
    if (!container) throw new Error('it has one');
    expect(faultsOfPod({ ...spec, ...of, containers: [{ ...container, ...own }] })).toEqual([fault]);
  });

  it('would not meet it with a container that prepares things and may more', async () => {
    const { spec } = await inference();
    const init: Container = { name: 'init', image: 'init', securityContext: {} };
    expect(faultsOfPod({ ...spec, initContainers: [init] })).toEqual(['init may gain privileges', 'init does not drop all capabilities']);
  });
}

async function inference(): Promise<Pod> {
  return podOf(await renderedSet('external'), 'Deployment facehash-inference');
}

async function containersOf(name: (typeof setNames)[number]): Promise<readonly Container[]> {
  return podsOf(await renderedSet(name)).flatMap(({ spec }) => [...(spec.initContainers ?? []), ...spec.containers]);
}

/** A Secret that only its group may read needs the pod's group on it. */
function unreadableIn({ volumes = [], securityContext }: PodSpec): readonly string[] {
  const forAll = 0o004;
  return volumes
    .filter(({ secret }) => secret && ((secret.defaultMode ?? 0o644) & forAll) === 0 && securityContext?.['fsGroup'] === undefined)
    .map(({ name }) => name);
}

function nobody(): Readonly<Record<string, unknown>> {
  return { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
}

function dropped(): Readonly<Record<string, unknown>> {
  return { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
}
