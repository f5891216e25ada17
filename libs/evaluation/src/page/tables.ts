import type { Proportion } from '../clopper-pearson.js';
import type { EvaluationReport, PairReport, PersonReport, PhotoReport } from '../report.js';
import { px } from './chart.js';
import { html, type Content, type Markup } from './markup.js';
import { counted, grouped, interval, percent } from './numbers.js';

/** Rows of a long table that are in sight; the others unfold. */
const ROWS_IN_SIGHT = 25;

interface Table {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly Content[])[];
}

/** Scrolls sideways by itself on a narrow screen, by keyboard, too. The first cell of a row is its header. */
function table({ caption, head, rows }: Table): Markup {
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        <span>${caption}</span>
      </caption>
      <thead>
        <tr>
          ${head.map((text) => html`<th scope="col">${text}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([first, ...rest]) =>
            html`<tr>
              <th scope="row">${first ?? null}</th>
              ${rest.map((cell) => html`<td>${cell}</td>`)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}

function foldedTable({ caption, head, rows }: Table): Markup {
  const folded = rows.slice(ROWS_IN_SIGHT);
  return html`${table({ caption, head, rows: rows.slice(0, ROWS_IN_SIGHT) })}
  ${
    folded.length > 0
      ? html`<details>
          <summary>${grouped(folded.length)} more</summary>
          ${table({ caption: 'Continued.', head, rows: folded })}
        </details>`
      : null
  }`;
}

function id(text: string): Markup {
  return html`<code class="id">${text}</code>`;
}

export function targetsTable({ targets, falseAcceptTarget }: EvaluationReport): Markup {
  return table({
    caption: 'The target can be changed at any time, without training.',
    head: ['Strangers taken for somebody: expected', 'Enrolled people recognised', 'Measured with enrolled people as strangers'],
    rows: targets.map((t) => [
      [percent(t.falseAcceptExpected), t.falseAcceptExpected === falseAcceptTarget ? html` <strong>(now)</strong>` : null],
      t.knownAccept ? withInterval(t.knownAccept) : 'not known',
      t.falseAcceptWithin
        ? [whole(percent(t.falseAcceptWithin.share)), ' ', whole(`(${t.falseAcceptWithin.count} of ${grouped(t.falseAcceptWithin.of)})`)]
        : 'not known',
    ]),
  });
}

export function peopleTables({ count, listed }: EvaluationReport['perPerson']): Markup {
  const unlisted = count - listed.length;
  return html`${foldedTable({
    caption: 'Worst first. The thin line is the range in which the true share lies.',
    head: ['Person', 'Photos recognised', 'How sure', 'Nearest other person'],
    rows: listed.map(personRow),
  })}
  ${unlisted > 0 ? html`<p class="note">${counted(unlisted, 'person is', 'people are')} not listed.</p>` : null}`;
}

function personRow({ id: personId, photos, judged, accepted, nearestOther }: PersonReport): readonly Content[] {
  const other = nearestOther ? [id(nearestOther.id), ` at ${nearestOther.distance.toFixed(2)}`] : 'nobody';
  if (judged === 'Judged' && accepted) {
    const told = `${accepted.count} of ${counted(accepted.of, 'photo')}`;
    return [id(personId), [bar(accepted, told), told], whole(interval(accepted)), other];
  }
  const why = photos === 1 ? 'cannot be judged: one photo only' : `cannot be judged: ${photos} photos, all in one fold`;
  return [id(personId), why, 'not at all: more photos are needed', other];
}

function withInterval(shareOf: Proportion): Content {
  return [whole(percent(shareOf.share)), ' ', whole(`(${interval(shareOf)})`)];
}

/** Does not break: a range over three lines is no longer one. */
function whole(text: string): Markup {
  return html`<span class="whole">${text}</span>`;
}

function bar({ share, low, high }: { readonly share: number; readonly low: number; readonly high: number }, text: string): Markup {
  const x = (value: number) => px(2 + 136 * value);
  return html`<svg class="bar" viewBox="0 0 140 16" preserveAspectRatio="none" role="img" aria-label="${text}">
    <rect class="track" x="2" y="3" width="136" height="10" rx="2" />
    <rect class="known" stroke="none" x="2" y="3" width="${px(136 * share)}" height="10" rx="2" />
    <path class="axis" d="M${x(low)} 8H${x(high)}M${x(low)} 4v8M${x(high)} 4v8" />
  </svg>`;
}

export function pairsTable({ count, listed }: EvaluationReport['pairs']): Markup {
  if (count === 0) return html`<p>No photo of anybody lies near another person.</p>`;
  return foldedTable({
    caption: listedOf(listed.length, count, 'pair'),
    head: ['Two people', 'Finding', 'Would be taken for the other', 'Nearer to the other than to their own', 'Distance'],
    rows: listed.map((pair) => [
      [id(pair.people[0]), html`<br />`, id(pair.people[1])],
      pair.onePersonLikely ? html`<span class="verdict warn">one person twice?</span>` : html`<span class="verdict">alike</span>`,
      both(pair, pair.taken),
      both(pair, pair.nearer),
      pair.distance.toFixed(2),
    ]),
  });
}

function both({ photos }: PairReport, [first, second]: readonly [number, number]): Content {
  return [`${first} of ${photos[0]}`, html`<br />`, `${second} of ${photos[1]}`];
}

const VERDICTS: Readonly<Record<PhotoReport['verdict'], Content>> = {
  OtherPerson: html`<span class="verdict warn">wrong person?</span>`,
  Unclear: html`<span class="verdict">unclear</span>`,
  OnePersonTwice: html`<span class="verdict">one person twice?</span>`,
};

export function photosTable({ count, listed }: EvaluationReport['suspiciousPhotos']): Markup {
  if (count === 0) return html`<p>Every photo that could be judged lies nearest to its own person.</p>`;
  return foldedTable({
    caption: listedOf(listed.length, count, 'photo'),
    head: ['Photo (SHA-256)', 'Finding', 'Enrolled as, distance', 'Nearer to, distance'],
    rows: listed.map(({ photo, personId, ownDistance, nearest, verdict }) => [
      id(photo),
      VERDICTS[verdict],
      [id(personId), html`<br />`, ownDistance.toFixed(2)],
      [id(nearest.id), html`<br />`, nearest.distance.toFixed(2)],
    ]),
  });
}

export function contributionsTable({ descriptor, ratios, both: weighed }: NonNullable<EvaluationReport['contributions']>): Markup {
  return table({
    caption: `Nearest person right, of ${counted(descriptor.of, 'photo')}, each left out of its own person.`,
    head: ['What is compared', 'Named right', 'Against the descriptor alone'],
    rows: [
      ['descriptor alone', withInterval(descriptor), ''],
      ['ratios alone', withInterval(ratios), ''],
      ...weighed.map(({ weight, rank1, gained, lost }): Content[] => [
        `both, ratios at weight ${weight}`,
        withInterval(rank1),
        `${gained} gained, ${lost} lost`,
      ]),
    ],
  });
}

function listedOf(listed: number, count: number, what: string): string {
  return listed < count ? `The first ${grouped(listed)} of ${counted(count, what)}.` : `${counted(count, what)}.`;
}
