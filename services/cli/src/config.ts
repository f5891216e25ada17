/** What the command line uses where an option is left out. */
export interface Defaults {
  readonly dataDir: string;
  /** Of the server. */
  readonly url: string;
  readonly apiKey: string | undefined;
}

/** The one place of this program that reads the environment. An empty variable means "not set". */
export function config(env: Readonly<Record<string, string | undefined>>): Defaults {
  const given = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  return {
    dataDir: given('FACEHASH_DATA_DIR') ?? './data',
    url: given('FACEHASH_URL') ?? `http://127.0.0.1:${given('PORT') ?? '5000'}`,
    apiKey: given('FACEHASH_API_KEY'),
  };
}
