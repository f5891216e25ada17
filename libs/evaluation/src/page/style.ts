/** Inline, with the system's fonts: the page needs nothing from anywhere. Colours keep a contrast of 4.5 to 1 in both schemes. */
export const style = `
:root { color-scheme: light dark; --page: #f4f5f7; --card: #ffffff; --text: #1a1f26; --quiet: #59636e; --line: #d5dae0;
  --known: #1f5fd0; --stranger: #b3470b; --good: #14713c; --warn: #8f4e00; --warn-back: #fff4e0; }
@media (prefers-color-scheme: dark) { :root { --page: #12151a; --card: #1b2027; --text: #e6e9ee; --quiet: #a2acb8; --line: #343c46;
  --known: #79a8ff; --stranger: #ff9d5c; --good: #5fcf8b; --warn: #ffc069; --warn-back: #33280f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1rem; font-weight: 600; color: var(--quiet); margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; line-height: 1.3; margin: 0 0 .25rem; }
p { margin: .25rem 0 .75rem; max-width: 46rem; }
.lead { font-size: clamp(1.2rem, 1rem + 1.2vw, 1.6rem); line-height: 1.35; font-weight: 500; margin: 0 0 1.25rem; max-width: 52rem; }
.quiet, figcaption, caption, dt, .note { color: var(--quiet); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.1rem; margin: 0 0 1rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .75rem; margin: 0 0 1rem; }
.facts div { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .75rem .9rem; }
dt { font-size: .85rem; } dd { margin: 0; } dd strong { display: block; font-size: 1.6rem; line-height: 1.25; font-weight: 650; }
dd span { font-size: .85rem; color: var(--quiet); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; margin-bottom: 1rem; }
.plots .card { margin: 0; }
figure { margin: 0; } figure svg { display: block; width: 100%; height: auto; } figcaption { font-size: .9rem; }
svg text { font: 12.5px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--quiet); }
@media (max-width: 34rem) { svg text { font-size: 15px; } }
.grid { stroke: var(--line); stroke-width: 1; } .axis { stroke: var(--quiet); stroke-width: 1; }
.known { fill: var(--known); stroke: var(--known); } .stranger { fill: var(--stranger); stroke: var(--stranger); }
.area { fill-opacity: .28; stroke-width: 1.75; stroke-linejoin: round; }
.curve { fill: none; stroke-width: 2.25; stroke-linejoin: round; } .dashed { stroke-dasharray: 6 4; }
.limit { stroke: var(--text); stroke-width: 1.5; stroke-dasharray: 2 3; }
.bar { display: block; width: 9rem; max-width: 30vw; height: 1rem; } .track { fill: var(--line); } .bar .known { fill-opacity: .6; } .bar .axis { stroke: var(--text); }
.attention { background: var(--warn-back); border-color: var(--warn); } .attention h2 { color: var(--warn); }
.attention ul { margin: .5rem 0 0; padding-left: 1.2rem; }
.scroll { overflow-x: auto; } .scroll:focus-visible { outline: 2px solid var(--known); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: 0 0 .5rem; font-size: .9rem; } caption span { display: block; max-width: min(46rem, 78vw); }
th, td { text-align: left; padding: .4rem .9rem .4rem 0; border-top: 1px solid var(--line); vertical-align: top; font-weight: 400; }
thead th { min-width: 5.5rem; border-top: 0; color: var(--quiet); font-size: .82rem; font-weight: 600; vertical-align: bottom; }
code { font: .85em ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.id { display: inline-block; min-width: 8.5rem; max-width: 19rem; }
.whole, .verdict { white-space: nowrap; } .verdict { font-weight: 600; } .verdict.warn { color: var(--warn); } .verdict.good { color: var(--good); }
summary { cursor: pointer; padding: .5rem 0; color: var(--known); }
@media print { body { background: none; } .card, .facts div { break-inside: avoid; } }
`;
