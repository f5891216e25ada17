import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** What the command line uses where an option is left out. */
export interface Defaults {
  readonly stateDir: string;
}

/** The one place of this program that reads the environment. An empty variable means "not set". */
export function config(env: Readonly<Record<string, string | undefined>>): Defaults {
  const given = env['XDG_STATE_HOME'];
  // The XDG specification says to ignore a relative one.
  const base = given !== undefined && isAbsolute(given) ? given : join(homedir(), '.local/state');
  return { stateDir: join(base, 'facehash/cluster') };
}
