import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir, availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { silentLogger, systemClock, systemRandom } from '@facehash/kernel';
import { openNatsMessaging } from '@facehash/messaging-nats';
import { report, row, type Row } from '../support/benchmark.js';
import { persons, photoSource } from '../support/photos.js';
import { enrolmentRows } from '../support/stores/enrolment.js';
import { manyModelsRows } from '../support/stores/many-models.js';
import { promotionRows } from '../support/stores/promotions.js';
import { recognitionRows } from '../support/stores/recognition.js';
import { directReplica, openBoth, type Opened } from '../support/stores/side-by-side.js';

// What it costs to have people, photos and versions in MongoDB, S3 and NATS instead of a folder, in the same run; and what only several
// replicas have: promotions, and starting beside very many models. 0 leaves a part out.

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '20' },
    photos: { type: 'string', default: '1000' },
    promotions: { type: 'string', default: '50' },
    models: { type: 'string', default: '10000' },
  },
});
const [seconds, rounds, photos] = [Number(options.seconds), Number(options.rounds), Number(options.photos)];
const [promotions, models] = [Number(options.promotions), Number(options.models)];

const PEOPLE = 10;
const PHOTOS_ENROLLED = 5;
const shortened = seconds < 5 || rounds < 20 || photos < 1000 || promotions < 50 || models < 10_000;

const rows: Row[] = [];
const add = (more: readonly Row[]): void => {
  rows.push(...more);
  for (const { name, value, unit } of more) console.error(`${name}: ${value.toPrecision(3)} ${unit}`);
};
const load = (when: string): Row => row(`load average ${when}`, loadavg()[0] ?? Number.NaN, '');

const home = await mkdtemp(join(tmpdir(), 'facehash-stores-'));
try {
  console.error(`photos: ${photoSource()}${shortened ? '; shortened: the figures are rough' : ''}`);
  add([load('before')]);
  const opened = await openBoth(home, availableParallelism());
  try {
    await beside(opened);
    await severalReplicas(opened);
  } finally {
    await opened.product.kill();
    await opened.replicas[Symbol.asyncDispose]();
  }
  add([load('after')]);
  report(shortened ? 'stores, shortened' : 'stores', rows, options.json);
} finally {
  await rm(home, { recursive: true, force: true });
}

/** Standalone and one replica, in turn. */
async function beside(opened: Opened): Promise<void> {
  const people = await persons(PEOPLE, PHOTOS_ENROLLED);
  if (rounds > 0) add(await recognitionRows(opened, { people, rounds, seconds }));
  if (photos > 0) add(await enrolmentRows(opened, photos, home));
}

/** Without what stood beside them: the machine is theirs. */
async function severalReplicas({ product, replicas }: Opened): Promise<void> {
  await product.stop();
  await replicas.replicas.pop()?.program.stop();
  const options = { servers: [replicas.server('nats').url], name: 'benchmark', setup: 'none' as const };
  const messaging = await openNatsMessaging({ ...options, clock: systemClock, random: systemRandom, logger: silentLogger });
  try {
    const pair = [await directReplica(replicas, 1), await directReplica(replicas, 1)];
    // Without promotions one all the same: the models that are made up are like one that has a version.
    const count = Math.max(1, promotions);
    if (promotions + models > 0) add(await promotionRows({ replicas, messaging }, { people: await persons(2, PHOTOS_ENROLLED), count }));
    for (const { program } of pair) await program.stop();
    replicas.replicas.length = 0;
    if (models > 0) add(await manyModelsRows({ replicas, messaging }, models));
  } finally {
    await messaging.close();
  }
}
