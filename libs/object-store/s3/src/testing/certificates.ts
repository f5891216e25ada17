import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];

/** An authority of its own (`ca.crt`) and a certificate for 127.0.0.1 by it, under the names that MinIO looks for. */
export async function writeCertificates(folder: string): Promise<{ readonly caFile: string }> {
  const openssl = (...args: readonly string[]) => run('openssl', args, { cwd: folder, timeout: 20_000 });
  await openssl('req', '-x509', ...key, '-subj', '/CN=an authority of tests', '-keyout', 'ca.key', '-out', 'ca.crt');
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-subj', '/CN=MinIO', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const notAnAuthority = ['-addext', 'basicConstraints=critical,CA:FALSE'];
  await openssl('req', '-x509', ...key, ...signed, ...notAnAuthority, '-keyout', 'private.key', '-out', 'public.crt');
  return { caFile: join(folder, 'ca.crt') };
}
