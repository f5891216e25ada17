import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { serverBinaries } from '@facehash/test-servers';
import { report, row, type Row } from '../support/benchmark.js';
import { startOperator, startPeer, type Contender, type Limits } from '../support/operator-bench/contender.js';
import { edit, startAndSettle, type Edited, type Settled } from '../support/operator-bench/phases.js';
import { coldRows, editRows, restartRows } from '../support/operator-bench/rows.js';
import { World } from '../support/operator-bench/world.js';

// What very many FaceModels cost an operator: to begin with, after a restart, and when many of them are changed; beside the least that a Go
// operator on controller-runtime does with the same objects, in the same run.

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    models: { type: 'string', default: '10000' },
    edits: { type: 'string', default: '1000' },
    /** Edits a second. */
    rate: { type: 'string', default: '10' },
    workers: { type: 'string', default: '16' },
    /** Calls of the API server a second that either side allows itself. */
    calls: { type: 'string', default: '500' },
  },
});
const [models, edits, perSecond] = [Number(options.models), Math.min(Number(options.edits), Number(options.models)), Number(options.rate)];
const limits: Limits = { workers: Number(options.workers), callsPerSecond: Number(options.calls) };
const shortened = models < 10_000 || edits < 1000;

const rows: Row[] = [];
const add = (more: readonly Row[]): void => {
  rows.push(...more);
  for (const { name, value, unit } of more) console.error(`${name}: ${value.toPrecision(3)} ${unit}`);
};
const load = (when: string): Row => row(`load average ${when}`, loadavg()[0] ?? Number.NaN, '');

// Before anything is measured.
await serverBinaries(['controller-peer'], { onProgress: (line) => console.error(line) });
const world = await World.start();
try {
  add([load('before')]);
  const began = performance.now();
  const names = await world.makeModels(models);
  add([row(`${models} FaceModels made`, (performance.now() - began) / 1000, 's')]);
  add(coldRows(await settledAlone((of) => startOperator(of, limits)), models));
  const peer = await settledAlone((of) => startPeer(of, limits));
  const [operator, ours] = await startAndSettle(world, models, () => startOperator(world, limits));
  add([...restartRows({ ours, peer }), load('half way')]);
  add(editRows(await editedBySides(operator, names.slice(0, edits)), edits));
  add([load('after')]);
  report(shortened ? 'operator, shortened' : 'operator', rows, options.json);
} finally {
  await world[Symbol.asyncDispose]();
}

async function settledAlone(start: (world: World) => Promise<Contender>): Promise<Settled> {
  const [contender, settled] = await startAndSettle(world, models, () => start(world));
  await contender.stop();
  return settled;
}

async function editedBySides(operator: Contender, names: readonly string[]): Promise<{ readonly ours: Edited; readonly peer: Edited }> {
  await world.giveSamples(names);
  const common = { names, perSecond };
  const ours = await edited(operator, { ...common, seed: 2, annotations: {}, label: 'facehash.dev/model-uid' });
  const [started] = await startAndSettle(world, models, () => startPeer(world, limits));
  const asked = { 'peer.facehash.dev/samples': '1' };
  return { ours, peer: await edited(started, { ...common, seed: 3, annotations: asked, label: 'peer.facehash.dev/model' }) };
}

async function edited(contender: Contender, edits: Parameters<typeof edit>[2]): Promise<Edited> {
  await using side = contender;
  const done = await edit(world, side, edits);
  await side.stop();
  return done;
}
