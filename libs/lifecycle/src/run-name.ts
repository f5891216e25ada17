/** `<version>-g<generation>-a<attempt>`: the same decision taken twice names the same run. */
export function runName(version: string, generation: number, attempt: number): string {
  return `${version}-g${generation}-a${attempt}`;
}

export function attemptOf(run: string): number {
  return Number(/-a(\d+)$/.exec(run)?.[1] ?? 1);
}

/** The version that the run was to make. */
export function versionOf(run: string): string {
  return run.replace(/-g\d+-a\d+$/, '');
}
