import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { helperImage, pauseImage } from './configuration.js';
import { imageArchive } from './image-archive.js';
import { pathOf } from './prerequisites.js';

/**
 * The two images that a cluster cannot do without, each a static program of the machine's own distribution: catatonit holds the namespaces
 * of a pod, and a BusyBox makes the folders of volumes.
 */
export async function ownImages(): Promise<Buffer> {
  const busybox = pathOf('busybox');
  const { stdout } = await promisify(execFile)(busybox, ['--list'], { timeout: 10_000 });
  const applets = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
  return imageArchive([
    {
      reference: pauseImage,
      files: [{ path: 'pause', content: await readFile(pathOf('catatonit')) }],
      entrypoint: ['/pause', '-P'],
    },
    {
      reference: helperImage,
      files: [{ path: 'bin/busybox', content: await readFile(busybox) }],
      links: Object.fromEntries(applets.map((name) => [`bin/${name}`, 'busybox'])),
      entrypoint: ['/bin/sh'],
    },
  ]);
}
