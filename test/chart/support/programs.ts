import type { Container, EnvVar } from './manifests.js';

type Environment = Readonly<Record<string, string>>;

/** What of the programs' configurations is looked at here. */
export interface InferenceConfig {
  readonly mode: string;
  readonly replica: string;
  readonly onlyModel: string | undefined;
  readonly port: number;
  readonly managementPort: number | undefined;
  readonly bodies: { readonly bytesMax: number; readonly trainBytesMax: number };
  readonly trainWaitMs: number;
  readonly shutdownGraceMs: number;
  readonly otlpEndpoint: string | undefined;
  readonly cluster: object | undefined;
  readonly unknownVariables: readonly string[];
}

export interface OperatorConfig {
  readonly platformNamespace: string;
  readonly watchNamespace: string | undefined;
  readonly leaseName: string;
  readonly inferenceSelector: string | undefined;
  readonly inferenceDeployment: string | undefined;
  readonly profilesFile: string;
  readonly dedicatedTemplateFile: string | undefined;
  readonly runsMax: number;
  readonly s3: object;
  readonly s3CaConfigMap: string | undefined;
  readonly nats: object;
  readonly trainerNats: object | undefined;
  readonly managementPort: number;
}

interface Program<Config> {
  readonly loadConfig: (source: Environment) => Config;
}

/** Programs are no packages that anything could import: what is compiled of them is read where it lies. */
const compiled = async (path: string): Promise<unknown> => import(new URL(`../../../${path}`, import.meta.url).href);

export const inference = (await compiled('services/inference/dist/config.js')) as Program<InferenceConfig>;
export const acceptance = (await compiled('services/inference/dist/acceptance/config.js')) as {
  readonly loadAcceptanceConfig: (source: Environment) => object;
};
export const operator = (await compiled('operator/controller/dist/config.js')) as Program<OperatorConfig> & {
  readonly operatorVariables: Readonly<Record<string, unknown>>;
};

/** Of the image of inference (deploy/images/Dockerfile). */
export const ofImage: Environment = { FACEHASH_NETWORKS_DIR: '/app/networks' };

/** What a program would see, with stand-ins for what is known only in a cluster. */
export function environmentOf({ env = [] }: Pick<Container, 'env'>): Environment {
  return Object.fromEntries(env.map((variable) => [variable.name, variable.value ?? standIn(variable)]));
}

const standIns: readonly (readonly [source: RegExp, value: string])[] = [
  [/^metadata\.uid$/, '0b5d7c1e-6a0f-4c5e-9d7e-0c4b8f1a2d3e'],
  [/^metadata\.namespace$/, 'platform'],
  [/^metadata\.name$/, 'facehash-operator-7d4b9c6f5-x2x9p'],
  // Of what is annotated later, or never.
  [/^metadata\.annotations\[/, ''],
  [/^mongodb-address url$/, 'mongodb://user:password@mongodb.example.org/'],
  [/-api-key api-key$/, `fhk_${'a'.repeat(49)}`],
];

function standIn({ name, valueFrom: { secretKeyRef, fieldRef } = {} }: EnvVar): string {
  const source = fieldRef?.fieldPath ?? `${secretKeyRef?.name ?? ''} ${secretKeyRef?.key ?? ''}`;
  const found = standIns.find(([pattern]) => pattern.test(source));
  if (!found) throw new Error(`${name} comes from ${source}`);
  return found[1];
}
