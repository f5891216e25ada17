import { median, quantile, row, type Row } from '../benchmark.js';
import type { Person } from '../photos.js';
import { interleaved, pairedRatio } from '../statistics.js';
import { enrol, questionsFor, spell, type Spell } from '../throughput.js';
import type { SideBySide } from './side-by-side.js';

const WARM_UP_SECONDS = 2;
const THROUGHPUT_MIN = 0.95;
const P99_MAX = 1.1;

/** The same questions under the same load, in turn. What answers is in memory on both sides, so the stores should be of no account. */
export async function recognitionRows(
  { standalone, cluster }: SideBySide,
  { people, rounds, seconds }: { readonly people: readonly Person[]; readonly rounds: number; readonly seconds: number },
): Promise<readonly Row[]> {
  const both = [standalone, cluster];
  await enrol(both, people);
  const questions = await questionsFor(
    both,
    people.flatMap(({ name, others }) => others.slice(0, 5).map((photo) => ({ name, photo }))),
  );
  for (const contender of both) await spell(contender, questions, Math.min(seconds, WARM_UP_SECONDS));
  const [alone, shared]: [Spell[], Spell[]] = [[], []];
  for (const contender of interleaved(both, rounds))
    (contender === cluster ? shared : alone).push(await spell(contender, questions, seconds));
  const ratio = (of: (spell: Spell) => number): ReturnType<typeof pairedRatio> => pairedRatio(shared.map(of), alone.map(of));
  const spread = ({ low, high }: ReturnType<typeof pairedRatio>): string =>
    `times (${low.toPrecision(3)} to ${high.toPrecision(3)} in ${rounds} rounds)`;
  const answers = ratio(({ result }) => result.requestsPerSecond);
  const p99 = ratio(({ result }) => quantile(result.latenciesMs, 0.99));
  const cpu = ratio(({ cpuMsPerAnswer }) => cpuMsPerAnswer);
  return [
    ...[alone, shared].flatMap((spells, i) => spellRows(both[i]?.name ?? '', spells)),
    row('recognition: answers a second, cluster to standalone', answers.median, spread(answers), { atLeast: THROUGHPUT_MIN }),
    row('recognition: p99, cluster to standalone', p99.median, spread(p99), { atMost: P99_MAX }),
    row('recognition: CPU an answer, cluster to standalone', cpu.median, spread(cpu)),
  ];
}

function spellRows(name: string, spells: readonly Spell[]): readonly Row[] {
  const latencies = spells.flatMap(({ result }) => result.latenciesMs);
  const of = (value: (spell: Spell) => number): number => median(spells.map(value));
  return [
    row(`recognition, ${name}: answers`, of(({ result }) => result.requestsPerSecond), 'a second'),
    row('  latency, median', median(latencies), 'ms'),
    row('  latency, p99', quantile(latencies, 0.99), 'ms'),
    row('  CPU of the whole tree', of((s) => s.cpuMsPerAnswer), 'ms an answer'),
    row('  peak memory of the whole tree', Math.max(...spells.map((s) => s.peakBytes)) / 2 ** 20, 'MiB'),
  ]; // prettier-ignore
}
