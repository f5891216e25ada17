import { shell, type Kubectl } from './cluster.js';
import { restrictedPod } from './deployed.js';

export const LISTENING = 8080;

/** A pod that others can connect to, and that can try others, within the restricted pod security standard. */
export function listening(name: string, namespace: string, labels: Readonly<Record<string, string>> = {}): object {
  const securityContext = {
    runAsUser: 1000,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  };
  const spec = { ...restrictedPod, ...shell(`exec httpd -f -p ${LISTENING} -h /`, { securityContext }) };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels }, spec };
}

interface From {
  readonly pod: string;
  readonly namespace: string;
}

/** Whether such a pod gets a connection. What is refused or swallowed ends netcat with 1; what is connected is ended from outside. */
export async function connects(kubectl: Kubectl, { pod, namespace }: From, to: { readonly host: string; readonly port: number }) {
  const script = `timeout 4 nc -w 2 ${to.host} ${to.port} < /dev/null > /dev/null; [ $? -eq 1 ] || echo connected`;
  return (await kubectl.run('exec', pod, '-n', namespace, '--', 'sh', '-c', script)) === 'connected';
}
