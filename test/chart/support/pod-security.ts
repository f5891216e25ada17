import type { Container, PodSpec } from './manifests.js';

/** As far as the standard asks. */
interface Context {
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly privileged?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly procMount?: string;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly seccompProfile?: { readonly type?: string };
  readonly appArmorProfile?: { readonly type?: string };
  readonly seLinuxOptions?: { readonly type?: string; readonly user?: string; readonly role?: string };
  readonly windowsOptions?: { readonly hostProcess?: boolean };
  readonly sysctls?: readonly { readonly name: string }[];
}

type Handlers = Readonly<
  Record<string, { readonly httpGet?: { readonly host?: string }; readonly tcpSocket?: { readonly host?: string } }>
>;
type Rule<Of> = readonly [fault: string, isBroken: (of: Of) => boolean];

const volumeKinds = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret'];
const profiles = ['RuntimeDefault', 'Localhost'];
const seLinuxTypes = [undefined, '', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'];

const ofPods: readonly Rule<PodSpec>[] = [
  ['shares a namespace of its node', (pod) => ['hostNetwork', 'hostPID', 'hostIPC'].some((name) => pod[name] === true)],
  [
    'has a volume of a kind that is not allowed',
    ({ volumes = [] }) => volumes.some((volume) => !volumeKinds.some((kind) => kind in volume)),
  ],
  ['sets kernel parameters', ({ securityContext }) => (contextOf(securityContext).sysctls ?? []).length > 0],
];

const ofContexts: readonly Rule<Context>[] = [
  ['runs as user 0', ({ runAsUser }) => runAsUser === 0],
  ['may run as root', ({ runAsNonRoot }) => runAsNonRoot !== true],
  ['has no seccomp profile', ({ seccompProfile }) => !profiles.includes(seccompProfile?.type ?? '')],
  ['has AppArmor off', ({ appArmorProfile }) => appArmorProfile !== undefined && !profiles.includes(appArmorProfile.type ?? '')],
  ['has a user or a role of SELinux', ({ seLinuxOptions = {} }) => Boolean(seLinuxOptions.user) || Boolean(seLinuxOptions.role)],
  ['has a type of SELinux that is not allowed', ({ seLinuxOptions }) => !seLinuxTypes.includes(seLinuxOptions?.type)],
  ['is a process of its Windows host', ({ windowsOptions }) => windowsOptions?.hostProcess === true],
];

const ofContainers: readonly Rule<Context>[] = [
  ['is privileged', ({ privileged }) => privileged === true],
  ['may gain privileges', ({ allowPrivilegeEscalation }) => allowPrivilegeEscalation !== false],
  ['does not drop all capabilities', ({ capabilities }) => !(capabilities?.drop ?? []).includes('ALL')],
  ['adds a capability', ({ capabilities }) => (capabilities?.add ?? []).some((name) => name !== 'NET_BIND_SERVICE')],
  ['sees all of /proc', ({ procMount = 'Default' }) => procMount !== 'Default'],
];

/** What stands against a pod by the restricted pod security standard of Kubernetes (https://kubernetes.io/docs/concepts/security/pod-security-standards). */
export function faultsOfPod(pod: PodSpec): readonly string[] {
  const containers = [...(pod.initContainers ?? []), ...pod.containers];
  return [
    ...broken(ofPods, pod),
    ...containers.flatMap((container) => faultsOfContainer(pod, container).map((fault) => `${container.name} ${fault}`)),
  ];
}

/** What a container does not say, its pod says for it. */
function faultsOfContainer(pod: PodSpec, container: Container): readonly string[] {
  const own = contextOf(container.securityContext);
  const { startupProbe, readinessProbe, livenessProbe } = container;
  const { postStart, preStop } = (container as { lifecycle?: Handlers }).lifecycle ?? {};
  const handlers = [startupProbe, readinessProbe, livenessProbe, postStart, preStop] as readonly (Handlers[string] | undefined)[];
  const elsewhere = handlers.some((handler) => handler?.httpGet?.host ?? handler?.tcpSocket?.host);
  return [
    ...broken(ofContexts, { ...contextOf(pod.securityContext), ...own }),
    ...broken(ofContainers, own),
    ...(container.ports?.some(({ hostPort = 0 }) => hostPort !== 0) ? ['takes a port of its node'] : []),
    ...(elsewhere ? ['has another host probed'] : []),
  ];
}

function broken<Of>(rules: readonly Rule<Of>[], of: Of): readonly string[] {
  return rules.filter(([, isBroken]) => isBroken(of)).map(([fault]) => fault);
}

function contextOf(value: Readonly<Record<string, unknown>> = {}): Context {
  return value;
}
