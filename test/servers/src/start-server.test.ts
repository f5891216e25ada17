import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@facehash/testing';
import { kubeconfigVariable, startApiServer } from './api-server.js';
import { serverKinds, serverVariables, startServer, type ServerKind } from './start-server.js';

/** Where neither Go nor a cache is: anything that is to be built fails. */
const nothingHere = { PATH: '/nowhere' };

describe('a server that is given by its URL', () => {
  const given = Object.entries(serverVariables) as [ServerKind, string][];

  it.each(given)('%s is used as it is, and not stopped', async (kind, variable) => {
    await using cache = await temporaryFolder();
    const url = `scheme://somewhere/${kind}`;
    const server = await startServer(kind, { cacheDir: cache.path, env: { ...nothingHere, [variable]: url } });
    expect(server).toMatchObject({ kind, url });
    expect(server.process).toBeUndefined();
    await server.stop();
  });

  it('is a kubeconfig where it is an API server', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'kubeconfig');
    await writeFile(path, 'clusters:\n- cluster:\n    server: https://192.0.2.1:6443\n  name: theirs\n');
    const server = await startApiServer({ cacheDir: folder.path, env: { ...nothingHere, [kubeconfigVariable]: path } });
    expect(server).toMatchObject({ kubeconfig: path, url: 'https://192.0.2.1:6443' });
    expect(server.process).toBeUndefined();
    await server.stop();
  });

  it.each(serverKinds)('is not: %s is built, which fails where nothing can be', async (kind) => {
    await using cache = await temporaryFolder();
    await expect(startServer(kind, { cacheDir: cache.path, env: nothingHere })).rejects.toMatchObject({ code: 'cannotBuildHere' });
  });
});
