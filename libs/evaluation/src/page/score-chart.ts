import type { EvaluationReport } from '../report.js';
import { chart, label, legend, line, path, plot } from './chart.js';
import { html, type Markup } from './markup.js';
import { counted } from './numbers.js';

type Scores = EvaluationReport['scores'];

const TICK = 0.2;

/** How near photos are to their own person and to the nearest other one, each as a share of its own kind. */
export function scoreChart(scores: Scores): Markup {
  const genuine = shares(scores.genuine);
  const impostor = shares(scores.impostor);
  const top = Math.max(...genuine, ...impostor, Number.EPSILON);
  const bins = Math.max(lastUsed(scores.genuine), lastUsed(scores.impostor), Math.ceil(scores.threshold.score / scores.width)) + 2;
  const x = (score: number) => plot.left + ((plot.right - plot.left) * score) / (bins * scores.width);
  const y = (share: number) => plot.bottom - ((plot.bottom - plot.top - 18) * share) / top;
  const steps = (values: readonly number[]) => {
    const corners = values.slice(0, bins).flatMap((share, i): [number, number][] => [
      [x(i * scores.width), y(share)],
      [x((i + 1) * scores.width), y(share)],
    ]);
    return path([[x(0), y(0)], ...corners, [x(bins * scores.width), y(0)]]);
  };
  const ticks = Array.from({ length: Math.floor((bins * scores.width) / TICK + 1e-9) + 1 }, (_, i) => ({
    at: x(i * TICK),
    text: (i * TICK).toFixed(1),
  }));
  const limit = x(Math.max(0, scores.threshold.score));
  return chart(
    {
      id: 'scores',
      title: 'Distributions of scores',
      description: described(scores),
      x: { label: 'score (lower is nearer)', ticks },
      y: { label: 'share of photos', ticks: [] },
    },
    html`<path class="area stranger" d="${steps(impostor)}" /><path class="area known" d="${steps(genuine)}" />`,
    line('limit', [limit, plot.top, limit, plot.bottom]),
    label(limit > 400 ? 'end' : 'start', [limit + (limit > 400 ? -5 : 5), plot.top + 12], 'limit'),
    legend([
      { className: 'curve known', text: 'against the own person' },
      { className: 'curve stranger', text: 'against the nearest other person' },
    ]),
  );
}

function described({ genuine, impostor, width, threshold }: Scores): string {
  const told = (counts: readonly number[], of: string) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    return total === 0 ? `There are no ${of}.` : `${counted(total, 'photo')} as ${of}: half of them score below ${median(counts, width)}.`;
  };
  return `${told(genuine, 'their own person')} ${told(impostor, 'strangers to everybody else')} Scores up to ${threshold.score.toFixed(2)} are accepted for a person with ${counted(threshold.photos, 'photo')}.`;
}

function median(counts: readonly number[], width: number): string {
  let left = counts.reduce((sum, count) => sum + count, 0) / 2;
  const bin = counts.findIndex((count) => (left -= count) <= 0);
  return ((bin + 1) * width).toFixed(2);
}

function shares(counts: readonly number[]): readonly number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (total > 0 ? count / total : 0));
}

function lastUsed(counts: readonly number[]): number {
  return counts.findLastIndex((count) => count > 0) + 1;
}
