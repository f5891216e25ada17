import { writeFile } from 'node:fs/promises';
import { programOnPath } from '@facehash/test-servers';
import { chromium, type Browser } from 'playwright-core';
import sharp from 'sharp';

const programs = ['chromium', 'chromium-browser', 'google-chrome'];

/** The browser that this machine has, if any: Debian's `chromium`, which `npm test` installs where it can. */
export function chromiumProgram(): string | undefined {
  return programOnPath(programs, process.env);
}

/** Chromium without a window. With `camera`, a file that `cameraFile` wrote, it has a webcam that shows that and asks nobody. */
export function launchBrowser(program: string, camera?: string): Promise<Browser> {
  const webcam = camera === undefined ? [] : ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'];
  const file = camera === undefined ? [] : [`--use-file-for-fake-video-capture=${camera}`];
  return chromium.launch({
    executablePath: program,
    // Chromium's own sandbox needs a user that is not root.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', ...webcam, ...file],
    timeout: 60_000,
  });
}

const frame = { width: 640, height: 480 };

/** A film for Chromium's fake webcam: Motion JPEG, that is one picture after the other; it begins again at its end. */
export async function cameraFile(path: string, pictures: readonly Buffer[]): Promise<string> {
  const frames = await Promise.all(
    pictures.map(async (picture) => {
      const person = await sharp(picture).resize(frame.width, frame.height, { fit: 'contain', background: '#8a8f96' }).toBuffer();
      return sharp(person).jpeg({ quality: 90 }).toBuffer();
    }),
  );
  await writeFile(path, Buffer.concat(frames));
  return path;
}
