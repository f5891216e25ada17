import { parseManifests } from './support/manifests.js';
import { NetworkPolicies, type PodParty } from './support/network-policies.js';

const pod = (labels: Readonly<Record<string, string>>, namespace = 'default', project = namespace): PodParty => ({
  namespace: { name: namespace, labels: { 'kubernetes.io/metadata.name': namespace, project } },
  labels,
});

const db: PodParty = { ...pod({ role: 'db' }), ports: { redis: 6379 } };
const frontend = pod({ role: 'frontend' });
const other = pod({ role: 'other' });
const elsewhere = pod({ role: 'frontend' }, 'elsewhere', 'myproject');
const allowed = (yaml: string, flow: Parameters<NetworkPolicies['allow']>[0]): boolean =>
  new NetworkPolicies(parseManifests(yaml)).allow(flow);
const policy = (spec: string): string =>
  `{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: test, namespace: default }, spec: ${spec} }`;

describe('the examples of the documentation of network policies', () => {
  /** https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource */
  const example = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: test-network-policy
  namespace: default
spec:
  podSelector:
    matchLabels:
      role: db
  policyTypes:
  - Ingress
  - Egress
  ingress:
  - from:
    - ipBlock:
        cidr: 172.17.0.0/16
        except:
        - 172.17.1.0/24
    - namespaceSelector:
        matchLabels:
          project: myproject
    - podSelector:
        matchLabels:
          role: frontend
    ports:
    - protocol: TCP
      port: 6379
  egress:
  - to:
    - ipBlock:
        cidr: 10.0.0.0/24
    ports:
    - protocol: TCP
      port: 5978
`;

  it.each([
    ['pods of the same namespace with the label', true, { from: frontend, to: db, port: 6379 }],
    ['pods of a namespace with the label', true, { from: pod({}, 'elsewhere', 'myproject'), to: db, port: 6379 }],
    ['addresses of the block', true, { from: { ip: '172.17.0.255' }, to: db, port: 6379 }],
    ['more addresses of the block', true, { from: { ip: '172.17.2.0' }, to: db, port: 6379 }],
    ['addresses that are excepted', false, { from: { ip: '172.17.1.7' }, to: db, port: 6379 }],
    ['addresses outside of the block', false, { from: { ip: '172.18.0.1' }, to: db, port: 6379 }],
    ['pods of the same namespace without the label', false, { from: other, to: db, port: 6379 }],
    ['pods with the label in another namespace', false, { from: pod({ role: 'frontend' }, 'third'), to: db, port: 6379 }],
    ['another port', false, { from: frontend, to: db, port: 6380 }],
    ['another protocol', false, { from: frontend, to: db, port: 6379, protocol: 'UDP' }],
    ['the way out to the block', true, { from: db, to: { ip: '10.0.0.9' }, port: 5978 }],
    ['the way out to elsewhere', false, { from: db, to: { ip: '10.0.1.9' }, port: 5978 }],
    ['the way out at another port', false, { from: db, to: { ip: '10.0.0.9' }, port: 80 }],
    ['pods that no policy selects', true, { from: other, to: frontend, port: 80 }],
  ])('say of %s: %p', (_, expected, flow) => expect(allowed(example, flow)).toBe(expected));

  it('tell a pod in a namespace from a pod or a namespace', () => {
    const and = policy(
      '{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { project: myproject } }, podSelector: { matchLabels: { role: client } } }] }] }',
    );
    const or = policy(
      '{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { project: myproject } } }, { podSelector: { matchLabels: { role: client } } }] }] }',
    );
    const client = pod({ role: 'client' }, 'elsewhere', 'myproject');
    const who = [client, elsewhere, pod({ role: 'client' })];
    expect(who.map((from) => allowed(and, { from, to: db, port: 1 }))).toEqual([true, false, false]);
    expect(who.map((from) => allowed(or, { from, to: db, port: 1 }))).toEqual([true, true, true]);
  });

  it.each([
    ['default-deny-ingress', '{ podSelector: {}, policyTypes: [Ingress] }', { ingress: false, egress: true }],
    ['allow-all-ingress', '{ podSelector: {}, ingress: [{}], policyTypes: [Ingress] }', { ingress: true, egress: true }],
    ['default-deny-egress', '{ podSelector: {}, policyTypes: [Egress] }', { ingress: true, egress: false }],
    ['allow-all-egress', '{ podSelector: {}, egress: [{}], policyTypes: [Egress] }', { ingress: true, egress: true }],
    ['default-deny-all', '{ podSelector: {}, policyTypes: [Ingress, Egress] }', { ingress: false, egress: false }],
  ])('know %s', (_, spec, expected) => {
    const outside = { ip: '192.0.2.1' };
    const ingress = allowed(policy(spec), { from: outside, to: db, port: 80 });
    const egress = allowed(policy(spec), { from: db, to: outside, port: 80 });
    expect({ ingress, egress }).toEqual(expected);
  });

  it('know a range of ports, and namespaces by an expression or by their names', () => {
    const range = policy(
      '{ podSelector: { matchLabels: { role: db } }, policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: 10.0.0.0/24 } }], ports: [{ protocol: TCP, port: 32000, endPort: 32768 }] }] }',
    );
    expect([31999, 32000, 32768, 32769].map((port) => allowed(range, { from: db, to: { ip: '10.0.0.1' }, port }))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    const namespaces = policy(
      '{ podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ namespaceSelector: { matchExpressions: [{ key: project, operator: In, values: [frontend, backend] }] } }] }] }',
    );
    expect(['frontend', 'third'].map((name) => allowed(namespaces, { from: db, to: pod({}, name), port: 1 }))).toEqual([true, false]);
  });
});

describe('what network policies mean beside', () => {
  it('adds up: what one of them allows is allowed', () => {
    const both = [policy('{ podSelector: {} }'), policy('{ podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }')].join('\n---\n');
    expect(allowed(both, { from: other, to: db, port: 1 })).toBe(true);
    expect(allowed(both, { from: elsewhere, to: db, port: 1 })).toBe(false);
  });

  it('asks both ends', () => {
    const way = policy(
      '{ podSelector: { matchLabels: { role: frontend } }, policyTypes: [Egress], egress: [{ to: [{ podSelector: { matchLabels: { role: db } } }] }] }',
    );
    expect(allowed(way, { from: frontend, to: db, port: 1 })).toBe(true);
    expect(allowed(`${way}\n---\n${policy('{ podSelector: { matchLabels: { role: db } } }')}`, { from: frontend, to: db, port: 1 })).toBe(
      false,
    );
  });

  it('takes the name of a port from the pod that is asked', () => {
    const named = policy('{ podSelector: {}, ingress: [{ ports: [{ port: redis }] }] }');
    expect(allowed(named, { from: other, to: db, port: 6379 })).toBe(true);
    expect(allowed(named, { from: other, to: db, port: 80 })).toBe(false);
    expect(allowed(named, { from: other, to: frontend, port: 6379 })).toBe(false);
  });

  it.each([
    ['NotIn, of another value or of none', '{ key: role, operator: NotIn, values: [db] }', [true, false, true]],
    ['Exists', '{ key: role, operator: Exists }', [true, true, false]],
    ['DoesNotExist', '{ key: role, operator: DoesNotExist }', [false, false, true]],
  ])('reads %s', (_, expression, expected) => {
    const from = policy(`{ podSelector: {}, ingress: [{ from: [{ podSelector: { matchExpressions: [${expression}] } }] }] }`);
    expect([frontend, db, pod({})].map((each) => allowed(from, { from: each, to: other, port: 1 }))).toEqual(expected);
  });

  it('knows addresses of the sixth version, and pods by no address', () => {
    const block = policy('{ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "2001:db8::/32" } }] }] }');
    expect(['2001:db8::1', '2001:db9::1', '192.0.2.1'].map((ip) => allowed(block, { from: { ip }, to: db, port: 1 }))).toEqual([
      true,
      false,
      false,
    ]);
    expect(allowed(block, { from: other, to: db, port: 1 })).toBe(false);
  });
});
