/** What Node is started with to run TypeScript of this repository as it stands, packages included. */
export const sourceFlags: readonly string[] = [
  '--conditions=@facehash/source',
  '--experimental-transform-types',
  '--disable-warning=ExperimentalWarning',
  `--import=${new URL('../typescript-sources.mjs', import.meta.url).href}`,
];
