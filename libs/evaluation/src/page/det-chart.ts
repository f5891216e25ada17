import { probit } from '@facehash/classifier-core';
import type { EvaluationReport } from '../report.js';
import { chart, label, legend, path, plot, px, spaced } from './chart.js';
import { html, type Markup } from './markup.js';
import { percent } from './numbers.js';

type Point = EvaluationReport['det'][number];

/** Least and largest share on each axis; what lies outside is drawn at the edge. */
const RANGE_X = [0.0001, 0.5] as const;
const MISS_MIN = 0.001;
const TICKS: readonly number[] = [0.0001, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95, 0.99];
const TICKS_X: readonly number[] = [0.0001, 0.001, 0.01, 0.05, 0.2, 0.5];

/**
 * Detection error trade-off on normal-deviate axes, where normally distributed scores make straight lines.
 * Source: A. Martin et al., "The DET curve in assessment of detection task performance", Eurospeech 1997.
 */
export function detChart({ det, falseAcceptTarget, knownAccept }: EvaluationReport): Markup {
  const missed = det.filter((p) => p.falseAcceptExpected >= RANGE_X[0]).map((p) => p.miss);
  const missMax = TICKS.find((tick) => tick >= Math.max(0.2, ...missed)) ?? 0.999;
  const x = scale(RANGE_X, [plot.left, plot.right]);
  const y = scale([MISS_MIN, missMax], [plot.bottom, plot.top]);
  const curve = (falseAccept: (point: Point) => number | null) =>
    path(
      det.flatMap((point): [number, number][] => {
        const share = falseAccept(point);
        return share === null || share > RANGE_X[1] ? [] : [[x(share), y(point.miss)]];
      }),
    );
  const within = det.some((p) => p.falseAcceptWithin !== null);
  const [operatingX, operatingY] = [x(falseAcceptTarget), y(1 - (knownAccept?.share ?? 0))];
  return chart(
    {
      id: 'det',
      title: 'Detection error trade-off',
      description: described({ det, falseAcceptTarget, knownAccept }),
      x: { label: 'strangers taken for somebody', ticks: TICKS_X.map((at) => ({ at: x(at), text: percent(at) })) },
      y: {
        label: 'enrolled people not recognised',
        ticks: spaced(
          TICKS.filter((t) => t >= MISS_MIN && t <= missMax).map((at) => ({ at: y(at), text: percent(at) })),
          17,
        ),
      },
    },
    html`<path class="curve known" d="${curve((p) => p.falseAcceptExpected)}" />`,
    within ? html`<path class="curve stranger dashed" d="${curve((p) => p.falseAcceptWithin)}" />` : null,
    html`<circle class="known" cx="${px(operatingX)}" cy="${px(operatingY)}" r="4.5" />`,
    operatingLabel(operatingX, operatingY),
    legend([
      { className: 'curve known', text: 'expected by the model' },
      ...(within ? [{ className: 'curve stranger dashed', text: 'enrolled people as strangers' }] : []),
    ]),
  );
}

/** Above the point and to its right: curves fall from left to right. */
function operatingLabel(x: number, y: number): Markup {
  const late = x > plot.right - 90;
  return label(late ? 'end' : 'start', [x + (late ? -4 : 4), Math.max(plot.top + 12, y - 9)], 'this version');
}

function scale([from, to]: readonly [number, number], [start, end]: readonly [number, number]): (share: number) => number {
  const [low, high] = [probit(from), probit(to)];
  return (share) => start + ((end - start) * (probit(Math.min(to, Math.max(from, share))) - low)) / (high - low);
}

function described({ det, falseAcceptTarget, knownAccept }: Pick<EvaluationReport, 'det' | 'falseAcceptTarget' | 'knownAccept'>): string {
  const own = knownAccept
    ? `At ${percent(falseAcceptTarget)} of strangers taken for somebody, ${percent(1 - knownAccept.share)} of the enrolled are not recognised.`
    : '';
  const strict = det.find((p) => p.falseAcceptExpected <= 0.001);
  return strict ? `${own} At 0.1 %, it is ${percent(strict.miss)}.` : own;
}
