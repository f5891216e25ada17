import { html, type Content, type Markup } from './markup.js';

const WIDTH = 480;
const HEIGHT = 340;
/** Above the plot is room for the legend. */
const MARGIN = { left: 68, right: 20, top: 46, bottom: 44 } as const;

/** The part of a chart that data is drawn in. */
export const plot = { left: MARGIN.left, right: WIDTH - MARGIN.right, top: MARGIN.top, bottom: HEIGHT - MARGIN.bottom } as const;

export interface Axis {
  readonly label: string;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

/** One decimal: finer than a pixel, and short. */
export function px(value: number): string {
  return value.toFixed(1);
}

export function path(points: readonly (readonly [x: number, y: number])[]): string {
  return points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${px(x)} ${px(y)}`).join('');
}

/** A plot with its axes, grid and words for those who do not see it. Ticks are in pixels. */
export function chart(
  {
    id,
    title,
    description,
    x,
    y,
  }: { readonly id: string; readonly title: string; readonly description: string; readonly x: Axis; readonly y: Axis },
  ...content: readonly Content[]
): Markup {
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-text">
    <title id="${id}-title">${title}</title>
    <desc id="${id}-text">${description}</desc>
    ${x.ticks.map(({ at, text }) => [line('grid', [at, plot.top, at, plot.bottom]), label('middle', [at, plot.bottom + 17], text)])}
    ${y.ticks.map(({ at, text }) => [line('grid', [plot.left, at, plot.right, at]), label('end', [plot.left - 6, at + 4], text)])}
    ${line('axis', [plot.left, plot.bottom, plot.right, plot.bottom])}${line('axis', [plot.left, plot.top, plot.left, plot.bottom])}
    ${label('middle', [(plot.left + plot.right) / 2, HEIGHT - 7], x.label)}
    <text text-anchor="middle" transform="translate(11 ${px((plot.top + plot.bottom) / 2)}) rotate(-90)">${y.label}</text>
    ${content}
  </svg>`;
}

export function line(className: string, [x1, y1, x2, y2]: readonly [number, number, number, number]): Markup {
  return html`<line class="${className}" x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" />`;
}

export function label(anchor: 'start' | 'middle' | 'end', [x, y]: readonly [number, number], text: string): Markup {
  return html`<text text-anchor="${anchor}" x="${px(x)}" y="${px(y)}">${text}</text>`;
}

/** Names of the curves above the plot, with a stroke of each. */
export function legend(entries: readonly { readonly className: string; readonly text: string }[]): Markup {
  return html`${entries.map(({ className, text }, i) => {
    const y = 15 + 18 * i;
    return html`<path class="${className}" d="M${px(plot.left)} ${px(y - 4)}h24" />${label('start', [plot.left + 32, y], text)}`;
  })}`;
}

/** Ticks of which none is nearer to the one before it than its label is long. */
export function spaced(ticks: Axis['ticks'], gap: number): Axis['ticks'] {
  return ticks.reduce<Axis['ticks']>((kept, tick) => {
    const last = kept.at(-1);
    return last && Math.abs(tick.at - last.at) < gap ? kept : [...kept, tick];
  }, []);
}
