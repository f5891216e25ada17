/** What a go.mod says that we need to know. */
export interface GoModule {
  /** The oldest Go that builds it, as `1.26.0`. */
  readonly go: string;
  /** Version of each required module, with its `v`. */
  readonly versions: ReadonlyMap<string, string>;
}

export function parseGoModule(text: string): GoModule {
  const lines = text.split('\n').map((line) => line.replace(/\/\/.*$/, '').trim());
  const go = lines.map((line) => /^go (\d[\w.]*)$/.exec(line)?.[1]).find((version) => version !== undefined);
  if (go === undefined) throw new Error('a go.mod without a go line');
  const versions = new Map<string, string>();
  for (const line of lines) {
    // In a block the line begins with the module's path, by itself with the word. A replacement has an arrow and is not matched.
    const [, path, version] = /^(?:require )?([^\s()]+\.[^\s()]+) (v[^\s]+)$/.exec(line) ?? [];
    if (path !== undefined && version !== undefined) versions.set(path, version);
  }
  return { go, versions };
}

/** `go version go1.26.8 linux/amd64` gives `1.26.8`; anything else nothing. */
export function parseGoVersion(output: string): string | undefined {
  return /^go version go(\d+\.\d+(?:\.\d+)?)/.exec(output)?.[1];
}

/** Whether version `actual` is `least` or newer; both in the form `1.26` or `1.26.8`. */
export function isAtLeast(actual: string, least: string): boolean {
  const [a, b] = [partsOf(actual), partsOf(least)];
  const differs = [0, 1, 2].find((i) => a[i] !== b[i]);
  return differs === undefined || (a[differs] ?? 0) > (b[differs] ?? 0);
}

function partsOf(version: string): readonly number[] {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return [major, minor, patch];
}
