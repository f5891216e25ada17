/** The one place of this program that reads the environment. */
export function config(env: Readonly<Record<string, string | undefined>>): { readonly dataDir: string } {
  return { dataDir: env['FACEHASH_DATA_DIR'] ?? './data' };
}
