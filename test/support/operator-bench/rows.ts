import { median, row, type Row } from '../benchmark.js';
import { total } from './metrics.js';
import { p99, type Edited, type Settled } from './phases.js';

const MIB = 2 ** 20;
const RESIDENT_MIB_MAX = 400;

interface Sides<T> {
  readonly ours: T;
  readonly peer: T;
}

/** Nothing was there before: each model gets its finalizer, its key and its status. */
export function coldRows(cold: Settled, models: number): readonly Row[] {
  const { writes } = cold.served;
  return [
    row('cold start until all are settled', cold.seconds, 's'),
    row('  models a second', models / cold.seconds, '/s'),
    row('  looks at a model', cold.reconciles / models, ''),
    row('  API requests for a model', cold.calls / models, ''),
    row('  … writes: FaceModel; Secret; Event', (writes['facemodels'] ?? 0) / models, ''),
    row('  … Secret', (writes['secrets'] ?? 0) / models, ''),
    row('  … Event', (writes['events'] ?? 0) / models, ''),
    row('  resident memory', cold.residentBytes / MIB, 'MiB', { atMost: RESIDENT_MIB_MAX }),
    row('  its peak', cold.peakBytes / MIB, 'MiB'),
    row('  CPU', cold.cpuSeconds, 's'),
  ]; // prettier-ignore
}

/** Everything is as it should be: what does it cost to find that out? */
export function restartRows({ ours, peer }: Sides<Settled>): readonly Row[] {
  const { writes, reads } = ours.served;
  const secrets = reads['secrets'] ?? 0;
  const single = total(writes) + total(reads) - secrets;
  return [
    row('restart until all are settled', ours.seconds, 's'),
    row('  of the peer', peer.seconds, 's'),
    row('  writes to what is right already', total(writes), '', { atMost: 0 }),
    row('  API requests altogether', ours.calls, ''),
    row('  … of the peer', peer.calls, ''),
    row('  … to the peer', ours.calls / peer.calls, '', { atMost: 1 }),
    row('  … Secrets among them: each is looked at once in an hour', secrets, ''),
    row('  … of other single objects, for each look at a model', single / ours.reconciles, '', { atMost: 0 }),
    row('  received', ours.receivedBytes / MIB, 'MiB'),
    row('  … by the peer', peer.receivedBytes / MIB, 'MiB'),
    row('  … to the peer', ours.receivedBytes / peer.receivedBytes, ''),
    row('  resident memory', ours.residentBytes / MIB, 'MiB', { atMost: RESIDENT_MIB_MAX }),
    row('  … of the peer', peer.residentBytes / MIB, 'MiB'),
    row('  … to the peer', ours.residentBytes / peer.residentBytes, '', { atMost: 2 }),
    row('  its peak', ours.peakBytes / MIB, 'MiB'),
    row('  … of the peer', peer.peakBytes / MIB, 'MiB'),
    row('  CPU', ours.cpuSeconds, 's'),
    row('  … of the peer', peer.cpuSeconds, 's'),
  ]; // prettier-ignore
}

export function editRows({ ours, peer }: Sides<Edited>, edits: number): readonly Row[] {
  return [
    row(`${edits} edits: until the Job is there, p99`, p99(ours.seconds), 's'),
    row('  of the peer', p99(peer.seconds), 's'),
    row('  median', median(ours.seconds), 's'),
    row('  … of the peer', median(peer.seconds), 's'),
    row('  looks an edit', ours.looks / edits, ''),
    row('  … of the peer', peer.looks / edits, ''),
    row('  a look, on average', ours.lookSeconds * 1000, 'ms'),
    row('  … of the peer', peer.lookSeconds * 1000, 'ms'),
    row('  API requests an edit', ours.calls / edits, ''),
    row('  … of the peer', peer.calls / edits, ''),
    row('  … to the peer', ours.calls / peer.calls, '', { atMost: 1 }),
    row('  received an edit', ours.receivedBytes / edits / 1024, 'KiB'),
    row('  … by the peer', peer.receivedBytes / edits / 1024, 'KiB'),
    row('  resident memory', ours.residentBytes / MIB, 'MiB', { atMost: RESIDENT_MIB_MAX }),
    row('  … of the peer', peer.residentBytes / MIB, 'MiB'),
    row('  … to the peer', ours.residentBytes / peer.residentBytes, '', { atMost: 2 }),
  ]; // prettier-ignore
}
