import { BlockList, isIPv6 } from 'node:net';
import type { Manifest } from './manifests.js';

type Labels = Readonly<Record<string, string>>;

export interface Namespace {
  readonly name: string;
  readonly labels: Labels;
}

/** Who talks or is talked to. */
export type Party = PodParty | OutsideParty;

export interface PodParty {
  readonly namespace: Namespace;
  readonly labels: Labels;
  /** Numbers of the ports that its containers name. */
  readonly ports?: Readonly<Record<string, number>>;
}

/** Whatever is no pod: a machine outside, a store that somebody else runs, the API server. */
export interface OutsideParty {
  readonly ip: string;
}

export interface Flow {
  readonly from: Party;
  readonly to: Party;
  readonly port: number;
  /** Left out: TCP. */
  readonly protocol?: string;
}

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

interface Port {
  readonly port?: number | string;
  readonly endPort?: number;
  readonly protocol?: string;
}

interface Written {
  readonly podSelector: Selector;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports?: readonly Port[] }[];
  readonly egress?: readonly { readonly to?: readonly Peer[]; readonly ports?: readonly Port[] }[];
}

/** No peers are all, and so are no ports. */
interface Rule {
  readonly peers: readonly Peer[];
  readonly ports: readonly Port[];
}

interface Policy {
  readonly namespace: string;
  readonly selector: Selector;
  /** A direction that is not there is not judged. */
  readonly ingress: readonly Rule[] | undefined;
  readonly egress: readonly Rule[] | undefined;
}

/**
 * What a network that enforces them lets through, by https://kubernetes.io/docs/concepts/services-networking/network-policies: a pod that
 * any policy selects for a direction may do in it what some policy allows, and nothing else; both ends must allow it. What a node asks of
 * its own pods, as probes do, is always let through and is not told here.
 */
export class NetworkPolicies {
  readonly #policies: readonly Policy[];

  constructor(objects: readonly Manifest[]) {
    const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
    this.#policies = policies.map(({ metadata, spec }) => policyOf(spec as Written, metadata.namespace ?? 'default'));
  }

  allow({ from, to, port, protocol = 'TCP' }: Flow): boolean {
    const at = { port, protocol, names: 'ip' in to ? {} : (to.ports ?? {}) };
    return this.#lets('egress', from, { other: to, ...at }) && this.#lets('ingress', to, { other: from, ...at });
  }

  #lets(direction: 'ingress' | 'egress', party: Party, at: At): boolean {
    if ('ip' in party) return true;
    const { namespace, labels } = party;
    const judging = this.#policies.filter(
      (policy) => policy[direction] && policy.namespace === namespace.name && selects(policy.selector, labels),
    );
    return judging.length === 0 || judging.some((policy) => policy[direction]?.some((rule) => matches(rule, policy.namespace, at)));
  }
}

function policyOf({ podSelector, policyTypes, ingress = [], egress = [] }: Written, namespace: string): Policy {
  const types = policyTypes ?? (egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress']);
  const rule = (peers: readonly Peer[] = [], ports: readonly Port[] = []): Rule => ({ peers, ports });
  return {
    namespace,
    selector: podSelector,
    ingress: types.includes('Ingress') ? ingress.map(({ from, ports }) => rule(from, ports)) : undefined,
    egress: types.includes('Egress') ? egress.map(({ to, ports }) => rule(to, ports)) : undefined,
  };
}

interface At {
  readonly other: Party;
  readonly port: number;
  readonly protocol: string;
  /** Of the pod that is asked. */
  readonly names: Readonly<Record<string, number>>;
}

function matches({ peers, ports }: Rule, namespace: string, at: At): boolean {
  const isPeer = peers.length === 0 || peers.some((peer) => isThe(peer, at.other, namespace));
  return isPeer && (ports.length === 0 || ports.some((each) => isAt(each, at)));
}

function isAt({ port, endPort, protocol = 'TCP' }: Port, at: At): boolean {
  if (protocol !== at.protocol) return false;
  if (port === undefined) return true;
  const first = typeof port === 'number' ? port : at.names[port];
  return first !== undefined && at.port >= first && at.port <= (endPort ?? first);
}

function isThe({ podSelector, namespaceSelector, ipBlock }: Peer, party: Party, namespace: string): boolean {
  if ('ip' in party) return ipBlock !== undefined && isIn(party.ip, ipBlock);
  // Blocks of addresses are for what is outside: a pod's address comes and goes.
  if (ipBlock !== undefined) return false;
  const isThere = namespaceSelector ? selects(namespaceSelector, party.namespace.labels) : party.namespace.name === namespace;
  return isThere && (podSelector === undefined || selects(podSelector, party.labels));
}

function isIn(ip: string, { cidr, except = [] }: NonNullable<Peer['ipBlock']>): boolean {
  return inBlock(ip, cidr) && !except.some((each) => inBlock(ip, each));
}

function inBlock(ip: string, cidr: string): boolean {
  const [address = '', bits] = cidr.split('/');
  const block = new BlockList();
  block.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
  return block.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4');
}

/** An empty selector selects everything. */
function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => holds(operator, labels[key], values))
  );
}

function holds(operator: string, value: string | undefined, values: readonly string[]): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      throw new Error(`there is no operator ${operator}`);
  }
}
