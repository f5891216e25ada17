import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder, type TemporaryFolder } from '@facehash/testing';
import { writeCertificates } from './certificates.js';

describe('the certificates of a cluster', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder();
    await writeCertificates(folder.path);
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  const certificate = async (name: string) => new X509Certificate(await readFile(join(folder.path, `${name}.crt`)));

  it('are issued by the authority that was made for it, and end soon', async () => {
    const ca = await certificate('ca');
    const api = await certificate('apiserver');
    expect(api.verify(ca.publicKey)).toBe(true);
    expect(ca.ca && !api.ca).toBe(true);
    expect(Date.parse(api.validTo) - Date.parse(api.validFrom)).toBeLessThanOrEqual(31 * 24 * 3600_000);
  });

  it('let the API server be reached by its relay, by its address and by its name in the cluster', async () => {
    const api = await certificate('apiserver');
    for (const address of ['127.0.0.1', '10.99.0.1', '10.96.0.1']) expect(api.checkIP(address)).toBe(address);
    expect(api.checkHost('kubernetes.default.svc')).toBeDefined();
  });

  it('say who somebody is in the way that Kubernetes reads it', async () => {
    expect((await certificate('kubelet')).subject).toBe('O=system:nodes\nCN=system:node:local');
    expect((await certificate('proxy')).subject).toBe('CN=system:kube-proxy');
  });

  it('come with keys that nobody else may read', async () => {
    const keys = (await readdir(folder.path)).filter((name) => name.endsWith('.key'));
    expect(keys.length).toBeGreaterThan(10);
    for (const key of keys) expect((await stat(join(folder.path, key))).mode & 0o077).toBe(0);
  });
});
