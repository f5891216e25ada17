import { copyFile, mkdir, open, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ImagesError } from './images-error.js';

const user = 'facehash:x:10001:10001::/data:/nonexistent\n';
const group = 'facehash:x:10001:\n';

/** Fills `folder` with what Dockerfile.server copies: a static program, the user that it runs as, and an empty folder for its data. */
export async function fillServerContext(folder: string, binary: string): Promise<void> {
  await refuseDynamic(binary);
  for (const name of ['rootfs/usr/bin', 'rootfs/etc', 'data']) await mkdir(join(folder, name), { recursive: true });
  await copyFile(binary, join(folder, 'rootfs/usr/bin', basename(binary)));
  await writeFile(join(folder, 'rootfs/etc/passwd'), user);
  await writeFile(join(folder, 'rootfs/etc/group'), group);
}

/** An ELF program that names an interpreter wants a C library, and there is none in the image. */
async function refuseDynamic(binary: string): Promise<void> {
  const file = await open(binary);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8192), 0, 8192, 0);
    if (buffer.subarray(0, bytesRead).includes('/ld-linux')) {
      throw new ImagesError('buildFailed', `${binary} needs a C library; the images of servers hold nothing but a static program.`);
    }
  } finally {
    await file.close();
  }
}
