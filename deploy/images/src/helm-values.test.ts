import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@facehash/testing';
import { helmValues, writeForHelm } from './helm-values.js';

const image = (name: string) => ({ reference: `localhost/facehash/${name}:4f0c2a91`, archive: `/cache/${name}-4f0c2a91.tar` });
const of = (name: string) => ({ registry: 'localhost', repository: `facehash/${name}`, tag: '4f0c2a91' });

describe('what Helm is told of images that were built here', () => {
  it('names programs where the chart has them, and servers where its evaluation does', () => {
    const images = { operator: image('operator'), 'trainer-gpu': image('trainer-gpu'), nats: image('nats'), ferretdb: image('ferretdb') };
    expect(helmValues(images)).toEqual({
      images: { pullPolicy: 'IfNotPresent', operator: of('operator'), trainerGpu: of('trainer-gpu') },
      evaluation: { nats: { image: of('nats') }, mongodb: { image: of('ferretdb'), args: ['-dir', '/data', '-listen', ':27017'] } },
    });
  });

  it('says nothing of a server that the chart does not bring', () => {
    expect(helmValues({ traefik: image('traefik') })).toEqual({ images: { pullPolicy: 'IfNotPresent' } });
  });

  it('lies in a folder with the archives beside it, also the second time', async () => {
    await using folder = await temporaryFolder();
    const into = join(folder.path, 'images');
    await writeForHelm(into, { operator: image('older') });
    await writeForHelm(into, { operator: image('operator') });
    expect(await readlink(join(into, 'operator.tar'))).toBe('/cache/operator-4f0c2a91.tar');
    expect(JSON.parse(await readFile(join(into, 'values.json'), 'utf8'))).toMatchObject({ images: { operator: of('operator') } });
  });
});
