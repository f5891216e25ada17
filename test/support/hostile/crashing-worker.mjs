import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

// The vision worker, but that a picture with these words in it ends the process as a fault in native code does: at once, with a signal.

const POISON = 'ABORT IN NATIVE CODE';

process.on('message', ({ image }) => {
  if (Buffer.from(image).includes(POISON)) process.abort();
});
const worker = dirname(createRequire(import.meta.url).resolve('@facehash/vision-worker/package.json'));
await import(pathToFileURL(join(worker, 'dist/main.js')).href);
