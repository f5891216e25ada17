import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { DecisionConstants } from '@facehash/classifier-core';
import { describedPipeline } from '@facehash/vision-pipelines';
import { fit } from '../support/accuracy/constants.js';
import { crossFitRows, describedFaces, toPerson } from '../support/accuracy/offline.js';
import { report } from '../support/benchmark.js';
import { people, setFacesDir } from '../support/faces.js';

// The constants of the decision for a descriptor network: from photos of people and of strangers, by that network. Standard error gets the table
// of how they would have done on people who were not fitted on; standard output gets the part of the description that is called `decision`.

/** With fewer, the exponent and the first hundredth of the strangers are chance. */
const PEOPLE_MIN = 20;
const PHOTOS_MIN = 5;
const STRANGERS_MIN = 200;

const { values: options } = parseArgs({
  options: {
    descriptor: { type: 'string' },
    faces: { type: 'string' },
    people: { type: 'string', default: 'lfw' },
    strangers: { type: 'string', default: 'strangers' },
    write: { type: 'boolean', default: false },
  },
});
if (options.faces !== undefined) setFacesDir(options.faces);
const own = options.descriptor === undefined ? undefined : described(options.descriptor);

const persons = (await people(options.people)).filter(({ photos }) => photos.length >= PHOTOS_MIN);
const strangers = (await people(options.strangers)).map(({ photos }) => photos[0] ?? '');
if (persons.length < PEOPLE_MIN || strangers.length < STRANGERS_MIN) {
  const found = `${persons.length} people with ${PHOTOS_MIN} photos or more, and ${strangers.length} strangers`;
  stop(`Found ${found}; needed are ${PEOPLE_MIN} and ${STRANGERS_MIN}.`);
}
const { known, unknown } = await describedFaces(persons, strangers, own);
console.log = console.error;
report('constants, fitted on one half and measured on the other', crossFitRows(known, unknown), false);
const constants = rounded(
  fit(
    known.map(toPerson),
    unknown.map((f) => f.descriptor),
  ),
);
process.stdout.write(`${JSON.stringify({ decision: constants }, null, 2)}\n`);
if (own && options.write) {
  const description: unknown = JSON.parse(await readFile(own.path, 'utf8'));
  await writeFile(own.path, `${JSON.stringify({ ...(description as object), decision: constants }, null, 2)}\n`);
  console.error(`written into ${own.path}, which describes the pipeline ${described(own.path).id}`);
}

function described(path: string) {
  const read = describedPipeline.safeParse(path);
  if (read.success) return read.data;
  return stop(`The description is not valid:\n${read.error.issues.map(({ message }) => `  ${message}`).join('\n')}`);
}

function stop(why: string): never {
  console.error(why);
  process.exit(2);
}

/** Four digits: what is beyond them is chance. */
function rounded({ strangerMeans, ...rest }: DecisionConstants): DecisionConstants {
  const round = (value: number): number => Number(value.toFixed(4));
  const others = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, round(value)])) as typeof rest;
  return { ...others, strangerMeans: strangerMeans.map(([photos, mean]) => [photos, round(mean)]) };
}
