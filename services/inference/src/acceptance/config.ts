import { z } from 'zod';

const environment = z.object({
  FACEHASH_URL: z.url({ protocol: /^https?$/, error: 'must be the address of the installation, such as http://facehash-inference' }),
  FACEHASH_API_KEY: z.string('is not set: it is the key of the FaceModel that is enrolled to').min(1),
  FACEHASH_TEST_TIMEOUT_SECONDS: z.coerce.number().positive().max(3600).default(180),
});

/** Reads the environment once. Throws one error that lists everything that is wrong with it. */
export function loadAcceptanceConfig(source: Readonly<Record<string, string | undefined>>): {
  readonly url: string;
  readonly apiKey: string;
  readonly timeoutMs: number;
} {
  const parsed = environment.safeParse(source);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `  ${path.join('.')} ${message}`);
    throw new Error(`The configuration is not valid:\n${faults.join('\n')}`);
  }
  const { FACEHASH_URL: url, FACEHASH_API_KEY: apiKey, FACEHASH_TEST_TIMEOUT_SECONDS: seconds } = parsed.data;
  return { url, apiKey, timeoutMs: seconds * 1000 };
}
