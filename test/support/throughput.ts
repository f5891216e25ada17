import { median, quantile, row, type Row } from './benchmark.js';
import { Client } from './client.js';
import type { Contender } from './contenders.js';
import { load, openLoad, type Asked, type LoadResult, type Question } from './load.js';
import type { Person } from './photos.js';
import { cpuMsOf, treeResidentBytes } from './processes.js';
import { interleaved, pairedRatio } from './statistics.js';

export const CONNECTIONS = 16;
const WARM_UP_SECONDS = 2;
const MEMORY_EVERY_MS = 250;

/** One spell of load on one server. */
export interface Spell {
  readonly result: LoadResult;
  /** Of the whole tree of processes, for each answer. */
  readonly cpuMsPerAnswer: number;
  readonly peakBytes: number;
}

export function askedOf({ url, apiKey }: Contender, questions: readonly Question[]): Asked {
  return { url: `${url}/`, headers: { 'x-api-key': apiKey, 'content-type': 'image/jpeg' }, questions };
}

/** Enrols everybody by the ancestor's call, on every server. */
export async function enrol(contenders: readonly Contender[], persons: readonly Person[]): Promise<void> {
  for (const { name, url, apiKey } of contenders) {
    for (const person of persons) {
      const { status, body } = await new Client(url, apiKey).train(person.name, person.enrolled);
      if (body.trainingSuccess !== 1) throw new Error(`${name} did not enrol ${person.name}: ${status} ${JSON.stringify(body)}`);
    }
  }
}

/** The photos that every server names right when asked about one after another: under load, another answer voids the figures. */
export async function questionsFor(
  contenders: readonly Contender[],
  photos: readonly { readonly name: string; readonly photo: Buffer }[],
): Promise<readonly Question[]> {
  const questions: Question[] = [];
  for (const { name, photo } of photos) {
    const answers: (string | null)[] = [];
    for (const { url, apiKey } of contenders) answers.push((await new Client(url, apiKey).recognize(photo)).body.foundFace);
    if (answers.every((answer) => answer === name)) questions.push({ body: photo, expected: name });
  }
  if (questions.length < photos.length / 2) throw new Error(`only ${questions.length} of ${photos.length} photos are named right by all`);
  return questions;
}

/** Throws where an answer under load was wrong: such figures are void. */
export async function spell(contender: Contender, questions: readonly Question[], seconds: number): Promise<Spell> {
  const memory = watchMemory(contender.pid);
  const cpuBefore = await cpuMsOf(contender.pid);
  const result = await load({ ...askedOf(contender, questions), connections: CONNECTIONS, seconds });
  const cpuMs = (await cpuMsOf(contender.pid)) - cpuBefore;
  const peakBytes = await memory.stop();
  requireRight(contender.name, result);
  return { result, cpuMsPerAnswer: cpuMs / result.latenciesMs.length, peakBytes };
}

function requireRight(name: string, { wrong, failed, refusedMs }: LoadResult): void {
  if (wrong + failed + refusedMs.length === 0) return;
  throw new Error(`${name} under load: ${wrong} wrong, ${failed} failed, ${refusedMs.length} refused: the figures are void`);
}

/** Both servers in turn. The ratios are of spells next to each other. */
export async function compare(
  title: string,
  [ours, peer]: readonly [Contender, Contender],
  { questions, rounds, seconds, aim }: { questions: readonly Question[]; rounds: number; seconds: number; aim: number },
): Promise<readonly Row[]> {
  const spells = new Map<Contender, Spell[]>([ours, peer].map((contender) => [contender, []]));
  for (const contender of [ours, peer]) await spell(contender, questions, Math.min(seconds, WARM_UP_SECONDS));
  for (const contender of interleaved([ours, peer], rounds)) spells.get(contender)?.push(await spell(contender, questions, seconds));
  const [a, b] = [spells.get(ours) ?? [], spells.get(peer) ?? []];
  const ratio = (name: string, of: (spell: Spell) => number, bound: { readonly atLeast: number } | { readonly atMost: number }): Row => {
    const { median: value, low, high } = pairedRatio(a.map(of), b.map(of));
    return row(`${title}: ${name}`, value, `times (${low.toPrecision(3)} to ${high.toPrecision(3)} in ${rounds} rounds)`, bound);
  };
  return [
    ...[ours, peer].flatMap(({ name }, i) => contenderRows(`${title}, ${name}`, i === 0 ? a : b)),
    ratio('answers a second, ours to the peer', ({ result }) => result.requestsPerSecond, { atLeast: aim }),
    ratio('CPU per answer, ours to the peer', (s) => s.cpuMsPerAnswer, { atMost: 0.27 }),
    ratio('peak memory, ours to the peer', (s) => s.peakBytes, { atMost: 1.05 }),
  ];
}

function contenderRows(title: string, spells: readonly Spell[]): Row[] {
  const of = (value: (spell: Spell) => number): number => median(spells.map(value));
  const latencies = spells.flatMap(({ result }) => result.latenciesMs);
  return [
    row(`${title}: answers`, of(({ result }) => result.requestsPerSecond), 'a second'),
    row('  latency, median', median(latencies), 'ms'),
    row('  latency, p99', quantile(latencies, 0.99), 'ms'),
    row('  CPU of the whole tree', of((s) => s.cpuMsPerAnswer), 'ms an answer'),
    row('  peak memory of the whole tree', Math.max(...spells.map((s) => s.peakBytes)) / 2 ** 20, 'MiB'),
  ]; // prettier-ignore
}

/** Four times what the server can answer, in an open loop, between two spells that say how much that is just now. */
export async function overload(contender: Contender, questions: readonly Question[], seconds: number): Promise<readonly Row[]> {
  const before = await spell(contender, questions, seconds);
  const rate = 4 * before.result.requestsPerSecond;
  const result = await openLoad({ ...askedOf(contender, questions), rate, seconds });
  const after = await spell(contender, questions, seconds);
  const saturated = [before, after].map((s) => s.result);
  const usual = saturated.reduce((total, { requestsPerSecond }) => total + requestsPerSecond, 0) / saturated.length;
  const usualP99 = quantile(saturated.flatMap((s) => s.latenciesMs), 0.99); // prettier-ignore
  return [
    row('four times the load: asked', rate, 'a second'),
    row('  answered, to what is answered without it', result.requestsPerSecond / usual, 'times', { atLeast: 0.95 }),
    row('  refused with 503', result.refusedMs.length, 'requests'),
    row('  until refused, p99', quantile(result.refusedMs, 0.99), 'ms', { atMost: 50 }),
    row('  until answered, p99, to that without it', quantile(result.latenciesMs, 0.99) / usualP99, 'times', { atMost: 2 }),
    row('  neither answered nor refused', result.failed, 'requests', { atMost: 0 }),
    row('  named wrong', result.wrong, 'answers', { atMost: 0 }),
  ];
}

function watchMemory(pid: number): { stop(): Promise<number> } {
  let peak = 0;
  const look = async (): Promise<void> => {
    peak = Math.max(peak, await treeResidentBytes(pid));
  };
  const timer = setInterval(() => void look(), MEMORY_EVERY_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await look();
      return peak;
    },
  };
}
