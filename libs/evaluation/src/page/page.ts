import type { EvaluationReport } from '../report.js';
import { detChart } from './det-chart.js';
import { html, Markup, type Content } from './markup.js';
import { counted, grouped, interval, outOf, percent } from './numbers.js';
import { scoreChart } from './score-chart.js';
import { contributionSentence, leadSentence } from './sentence.js';
import { style } from './style.js';
import { contributionsTable, pairsTable, peopleTables, photosTable, targetsTable } from './tables.js';

/**
 * `report.html`: the report for people, as one page that asks for nothing else and runs nothing.
 * @param refusal what the gate found, where it refused the version
 */
export function reportPage(report: EvaluationReport, { refusal }: { readonly refusal?: string } = {}): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <meta name="referrer" content="no-referrer" />
        <title>Evaluation of ${report.version}</title>
        <style>
          ${new Markup(style)}
        </style>
      </head>
      <body>
        <main>
          <h1>Evaluation of version ${report.version}</h1>
          <p class="lead">${leadSentence(report)}</p>
          ${refusal === undefined ? null : refused(refusal)} ${facts(report)} ${attention(report)} ${plots(report)}
          ${report.knownAccept ? card('Stricter or laxer', '', targetsTable(report)) : null}
          ${card('Person by person', 'A photo is recognised when its own person is the nearest, and near enough.', peopleTables(report.perPerson))}
          ${card('People who lie near each other', 'One person who is enrolled twice is recognised badly, since each record stands in the way of the other: delete one, or move its photos.', pairsTable(report.pairs))}
          ${card('Photos nearer to somebody else', 'A photo of the wrong person spoils the record that it is in. Distances run from 0 to 2; other people are seldom nearer than 0.5.', photosTable(report.suspiciousPhotos))}
          ${ratios(report)} ${notes(report)}
        </main>
      </body>
    </html> `.text;
}

function card(title: string, text: string, content: Content): Markup {
  return html`<section class="card">
    <h2>${title}</h2>
    ${text === '' ? null : html`<p class="quiet">${text}</p>`}${content}
  </section>`;
}

function refused(refusal: string): Markup {
  return html`<section class="card attention">
    <h2>Refused</h2>
    <p>The gate refused this version, so it was not published: ${refusal}.</p>
  </section>`;
}

function facts({ people, photos, probes, rank1, knownAccept, falseAcceptTarget }: EvaluationReport): Markup {
  const fact = (name: string, value: string, more: string) =>
    html`<div>
      <dt>${name}</dt>
      <dd><strong>${value}</strong><span>${more}</span></dd>
    </div>`;
  return html`<dl class="facts">
    ${fact('Enrolled', counted(people, 'person', 'people'), `with ${counted(photos, 'photo')}, of which ${grouped(probes)} could be judged`)}
    ${knownAccept ? fact('Recognised', percent(knownAccept.share), `${interval(knownAccept)}, with 95 % confidence`) : null}
    ${rank1 ? fact('Right person nearest', percent(rank1.share), `${interval(rank1)}, with 95 % confidence`) : null}
    ${fact('Strangers taken for somebody', percent(falseAcceptTarget), `about ${outOf(falseAcceptTarget)}: the target that was set`)}
  </dl>`;
}

/** What the owner should do something about. */
function attention({ suspiciousPhotos, pairs, perPerson }: EvaluationReport): Markup | null {
  const wrong = suspiciousPhotos.otherPerson;
  const items = [
    ...(wrong > 0
      ? [`${counted(wrong, 'photo looks', 'photos look')} as if of another enrolled person: see “Photos nearer to somebody else”.`]
      : []),
    ...(pairs.onePersonLikely > 0
      ? [
          `${counted(pairs.onePersonLikely, 'pair of records looks', 'pairs of records look')} like one person enrolled twice, or like twins: see “People who lie near each other”.`,
        ]
      : []),
    ...(perPerson.notJudged > 0
      ? [
          `${counted(perPerson.notJudged, 'person cannot', 'people cannot')} be judged, for want of photos to compare: enrol two or more of each, better five.`,
        ]
      : []),
  ];
  if (items.length === 0) return null;
  return html`<section class="card attention">
    <h2>Worth a look</h2>
    <ul>
      ${items.map((item) => html`<li>${item}</li>`)}
    </ul>
  </section>`;
}

function plots(report: EvaluationReport): Markup | null {
  if (!report.knownAccept) return null;
  const figure = (title: string, drawing: Markup, caption: string) =>
    html`<section class="card">
      <h2>${title}</h2>
      <figure>
        ${drawing}
        <figcaption>${caption}</figcaption>
      </figure>
    </section>`;
  const { photos } = report.scores.threshold;
  return html`<div class="plots">
    ${figure('How far apart the two kinds are', scoreChart(report.scores), `The less the two overlap, the better. Photos left of the limit are accepted; it is drawn for a person with ${counted(photos, 'photo')}.`)}
    ${figure('What strictness costs', detChart(report), 'Each point is one target; nearer to the lower left corner is better. Axes are stretched as the normal distribution asks; shares beyond them are drawn at the edge.')}
  </div>`;
}

function ratios({ contributions }: EvaluationReport): Markup | null {
  return contributions && card('What the landmark ratios add', contributionSentence(contributions), contributionsTable(contributions));
}

function notes({ pipeline }: EvaluationReport): Markup {
  return html`<section class="note">
    <h2>How this was measured</h2>
    <p>
      Each photo was compared with its own person as known from photos of other folds only, and with everybody else as the version knows
      them. Ranges hold 95 % of the time (Clopper and Pearson) if photos are independent; photos of one session are not, so the truth may
      lie a little outside.
    </p>
    <p>
      No stranger is known at training. What is expected of strangers comes from the model of the threshold, which was fitted on frontal
      photos of adults. What is measured takes each enrolled person for a stranger in turn: records of one person enrolled twice, and photos
      of the wrong person, make it look worse than it is.
    </p>
    <p>Pipeline ${pipeline}. Fewer than some 20 people or 100 photos say little.</p>
  </section>`;
}
