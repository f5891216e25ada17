import { buildImages } from './build.js';
import { parseCommand, type Command } from './command-line.js';
import { ownEnvironment } from './config.js';
import { writeForHelm } from './helm-values.js';
import { ImagesError } from './images-error.js';
import { sizesOf } from './sizes.js';

/** `npm test` skips the tests of images when this machine cannot build them, and fails when a build fails. */
const EXIT_CODES = { cannotBuildHere: 3, unknownName: 2, buildFailed: 1 } as const;

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopping.abort());

try {
  await run(parseCommand(process.argv.slice(2)));
} catch (error) {
  process.exitCode = error instanceof ImagesError ? EXIT_CODES[error.code] : 1;
  if (!stopping.signal.aborted) console.error(error instanceof ImagesError ? error.message : error);
}

async function run({ command, names, tensorflow, json, forHelm }: Command): Promise<void> {
  const images = await buildImages(names, { tensorflow, onProgress: (line) => console.error(`      ${line}`), signal: stopping.signal });
  if (command === 'sizes') return printSizes(images);
  if (forHelm !== undefined) await writeForHelm(forHelm, images);
  if (json) return console.log(JSON.stringify(images));
  for (const { reference, archive } of Object.values(images)) console.log(`${reference}  ${archive}`);
}

async function printSizes(images: Readonly<Record<string, { readonly archive: string }>>): Promise<void> {
  for (const [name, { archive }] of Object.entries(images)) {
    console.log(`\n${name}`);
    for (const { what, bytes } of await sizesOf(archive, ownEnvironment())) {
      console.log(`  ${what.padEnd(28)}${(bytes / 1e6).toFixed(1).padStart(8)} MB`);
    }
  }
}
