import { z } from 'zod';

const environment = z.object({
  MANAGEMENT_PORT: z.coerce.number().int().min(0).max(65535).default(9090),
  /** Probes and Prometheus come from other pods. */
  HOST: z.string().min(1).default('0.0.0.0'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  LOG_FORMAT: z.enum(['json', 'pretty']).default('json'),
});

export interface OperatorConfig {
  readonly managementPort: number;
  readonly host: string;
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'; readonly pretty: boolean };
}

/** Reads the environment once. Throws one error that lists everything that is wrong with it. */
export function loadConfig(source: Readonly<Record<string, string | undefined>>): OperatorConfig {
  // An empty variable means "not set", as shells and manifests write it.
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `  ${issue.path.join('.')} ${issue.message}`);
    throw new Error(`The configuration is not valid:\n${faults.join('\n')}`);
  }
  const { MANAGEMENT_PORT, HOST, LOG_LEVEL, LOG_FORMAT } = parsed.data;
  return Object.freeze({ managementPort: MANAGEMENT_PORT, host: HOST, log: { level: LOG_LEVEL, pretty: LOG_FORMAT === 'pretty' } });
}
