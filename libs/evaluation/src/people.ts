import { proportion, rounded } from './clopper-pearson.js';
import { limitAt } from './limits.js';
import { compared } from './pairs.js';
import type { Probe } from './probes.js';
import type { PersonReport } from './report.js';
import { sizeOf, type Gallery } from './space.js';

/** The nearest other person of each: its position and the squared distance, or undefined. */
export type Nearest = readonly ({ readonly person: number; readonly squared: number } | undefined)[];

/** How well each person is recognised, the worst first; those who cannot be judged come last. */
export function peopleReports(
  gallery: Gallery,
  { probes, nearest }: { readonly probes: readonly Probe[]; readonly nearest: Nearest },
  falseAcceptTarget: number,
): readonly PersonReport[] {
  const limit = limitAt(falseAcceptTarget, sizeOf(gallery));
  const tallies = gallery.people.map(() => ({ probes: 0, right: 0, accepted: 0 }));
  for (const { person, result } of probes) {
    const tally = tallies[person];
    if (!tally || !result) continue;
    tally.probes++;
    if (result.correct) tally.right++;
    if (result.correct && result.score <= limit(result.photosBehind)) tally.accepted++;
  }
  const reports = gallery.people.map((id, i): PersonReport => {
    const tally = tallies[i] ?? { probes: 0, right: 0, accepted: 0 };
    const photos = gallery.photos[i] ?? 1;
    const other = nearest[i];
    return {
      id,
      photos,
      judged: tally.probes > 0 ? 'Judged' : photos === 1 ? 'OnePhoto' : 'OneFold',
      namedRight: tally.probes > 0 ? tally.right : null,
      accepted: proportion(tally.accepted, tally.probes),
      nearestOther: other ? { id: gallery.people[other.person] ?? '', distance: rounded(Math.sqrt(other.squared), 1e4) } : null,
    };
  });
  return reports.sort(byWorst);
}

function byWorst(a: PersonReport, b: PersonReport): number {
  const share = (p: PersonReport) => p.accepted?.share ?? 2;
  return share(a) - share(b) || (a.nearestOther?.distance ?? 2) - (b.nearestOther?.distance ?? 2) || compared(a.id, b.id);
}

/** The position of the least value and the value; undefined when none is finite. */
export function least(values: Float64Array): Nearest[number] {
  let [person, squared] = [-1, Number.POSITIVE_INFINITY];
  values.forEach((value, i) => {
    if (value < squared) [person, squared] = [i, value];
  });
  return person < 0 ? undefined : { person, squared };
}
