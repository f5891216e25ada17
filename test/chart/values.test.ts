import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { inChart, noHelm, refusalOf, render, type Values } from './support/helm.js';
import { renderedSet, setNames, valueSets } from './support/value-sets.js';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

const values = parse(await readFile(inChart('values.yaml'), 'utf8')) as Values;
const { $defs: definitions, ...schema } = JSON.parse(await readFile(inChart('values.schema.json'), 'utf8')) as Schema & {
  readonly $defs: Readonly<Record<string, Schema>>;
};
/** What Kubernetes itself judges, as it is handed on as it stands. */
const handedOn = [
  ...[
    'tolerations',
    'affinity',
    'topologySpreadConstraints',
    'extraEnv',
    'extraEnvFrom',
    'extraVolumes',
    'extraVolumeMounts',
    'behavior',
    'volumes',
    'volumeMounts',
  ],
  ...['tls', 'parentRefs', 'inferenceFrom', 'metricsFrom', 's3To', 'mongodbTo', 'natsTo', 'apiServerTo', 'extraEgress'],
];

describe('values.yaml and its schema', () => {
  it('name the same values', () => {
    // What Helm gives to the charts that others are made of.
    const known = pathsOf(schema).filter((path) => path !== 'global');
    expect(known).toEqual(leavesOf(values));
  });

  it('let no misspelt name through', () => {
    expect(openIn(schema)).toEqual(['global']);
  });
});

describe('values', () => {
  if (noHelm !== undefined) it.skip(`are not tried: ${noHelm}`, () => undefined);
  else tried();
});

function tried(): void {
  const accepted = valueSets.evaluation;
  const { nats: ofNats, ...others } = valueSets.external.stores;
  const withoutCaKey = { ...others, nats: { ...ofNats, trainer: { existingSecret: 'nats-trainer' } } };

  it.each<[wrong: string, values: Values, named: string, why: string]>([
    ['a number that is a text', { inference: { replicas: 'many' } }, '/inference/replicas', 'want integer'],
    ['a number that is out of bounds', { operator: { replicas: 0 } }, '/operator/replicas', 'minimum: got 0, want 1'],
    ['a misspelt name', { operator: { replica: 2 } }, '/operator', "'replica' not allowed"],
    ['a misspelt name at the top', { operators: {} }, '', "'operators' not allowed"],
    ['a misspelt store', { stores: { s3: { endpont: 'https://s3' } } }, '/stores/s3', "'endpont' not allowed"],
    ['a word that is not offered', { ingress: { controller: 'caddy' } }, '/ingress/controller', "one of '', 'traefik', 'nginx'"],
    ['credentials in an address', { stores: { mongodb: { url: 'mongodb://u:p@host/' } } }, '/stores/mongodb/url', 'does not match'],
    ['an address that is none', { stores: { s3: { endpoint: 's3.example.org' } } }, '/stores/s3/endpoint', 'does not match'],
    ['NATS on a port of HTTP', { stores: { nats: { servers: 'http://nats' } } }, '/stores/nats/servers', 'does not match'],
    ['a number of servers that keep no majority', { stores: { nats: { replicas: 2 } } }, '/stores/nats/replicas', 'one of 1, 3, 5'],
    ['a digest that is none', { images: { trainer: { digest: 'latest' } } }, '/images/trainer/digest', 'does not match'],
    ['an image without a name', { images: { operator: { repository: '' } } }, '/images/operator/repository', 'minLength'],
    ['no training profile by default', { training: { profiles: { default: null } } }, '/training/profiles', "missing property 'default'"],
    ['a profile without resources', { training: { profiles: { own: {} } } }, '/training/profiles/own', "missing property 'resources'"],
    [
      'a profile with a name that no FaceModel can name',
      { training: { profiles: { GPU: { resources: {} } } } },
      '/training/profiles',
      'GPU',
    ],
    [
      'a variable of a profile that is the operator’s to set',
      { training: { profiles: { default: { env: { FACEHASH_RUN: '{}' } } } } },
      '/training/profiles/default/env/FACEHASH_RUN',
      'false schema',
    ],
    ['a name that Kubernetes does not take', { fullnameOverride: 'Faces_1' }, '/fullnameOverride', 'does not match'],
    ['a misspelt limit', { dedicated: { resources: { limit: {} } } }, '/dedicated/resources', "'limit' not allowed"],
    ['a label that is no text', { commonLabels: { year: 2026 } }, '/commonLabels/year', 'want string'],
    [
      'a label that selects pods',
      { commonLabels: { 'app.kubernetes.io/name': 'mine' } },
      '/commonLabels/app.kubernetes.io~1name',
      'false schema',
    ],
    ['a policy without ports, which opens all', { networkPolicy: { ports: { s3: [] } } }, '/networkPolicy/ports/s3', 'minItems'],
    ['a policy whose ports are taken away', { networkPolicy: { ports: { s3: null } } }, '/networkPolicy/ports', "missing property 's3'"],
  ])('are refused by name with %s', async (_, wrong, named, why) => {
    const refusal = await refusalOf({ ...accepted, ...wrong });
    expect(refusal).toContain(`at '${named}'`);
    expect(refusal).toContain(why);
  });

  it.each<[missing: string, without: Values, sentence: string]>([
    ['anything', {}, 'stores.s3.endpoint is not set: the address of an S3 store, as https://s3.example.org'],
    ['S3', { s3: { endpoint: '' } }, 'stores.s3.endpoint is not set'],
    ['credentials of S3', { s3: { existingSecret: '' } }, 'stores.s3.existingSecret is not set: the Secret with access-key-id'],
    ['MongoDB', { mongodb: { url: '' } }, 'stores.mongodb.url is not set: the address of MongoDB, as mongodb://mongodb.example.org/'],
    ['NATS', { nats: { servers: '' } }, 'stores.nats.servers is not set: addresses of NATS, as nats://nats.example.org:4222'],
  ])('without %s are refused with a sentence that says what to set', async (missing, without, sentence) => {
    const { s3, mongodb, nats } = valueSets.external.stores;
    const stores = {
      s3: { ...s3, ...(without['s3'] as object) },
      mongodb: { ...mongodb, ...(without['mongodb'] as object) },
      nats: { ...nats, ...(without['nats'] as object) },
    };
    expect(await refusalOf(missing === 'anything' ? {} : { stores })).toContain(sentence);
  });

  it.each<[needed: string, values: Values, sentence: string]>([
    ['an account that is not made', { operator: { serviceAccount: { create: false } } }, 'operator.serviceAccount.name is not set'],
    ['an account of inference', { inference: { serviceAccount: { create: false } } }, 'inference.serviceAccount.name is not set'],
    [
      'a CPU in other units',
      { dedicated: { resources: { limits: { cpu: '2k' } } } },
      'a CPU of 2k is neither a number nor one of thousandths',
    ],
    [
      'the name of a pipeline',
      { descriptor: { description: '/network/own.json' } },
      'descriptor.description and descriptor.pipeline belong together',
    ],
    [
      'the description of a pipeline',
      { descriptor: { pipeline: 'own-2' } },
      'descriptor.description and descriptor.pipeline belong together',
    ],
    [
      'the authority of NATS for training runs',
      { evaluation: { enabled: false }, stores: withoutCaKey },
      'stores.nats.trainer.caKey is not set, which stores.nats.caConfigMap needs',
    ],
    ['a Gateway', { httpRoute: { enabled: true } }, 'httpRoute.parentRefs is empty: name the Gateway'],
  ])('are refused with a sentence where they need %s', async (_, wrong, sentence) => {
    expect(await refusalOf({ ...accepted, ...wrong })).toContain(sentence);
  });

  it('need no more than three lines with stores of one’s own, and one without', async () => {
    const { s3, mongodb, nats } = valueSets.least.stores;
    await expect(render({ stores: { s3, mongodb, nats } })).resolves.not.toEqual([]);
    await expect(render({ evaluation: { enabled: true } })).resolves.not.toEqual([]);
  });

  it('may come from a chart that this one is part of', async () => {
    await expect(render({ ...accepted, global: { anything: { at: 'all' } } })).resolves.toEqual(expect.any(Array));
  });

  it.each(setNames)('of the tests are what the schema takes: %s', async (name) => {
    await expect(renderedSet(name)).resolves.not.toEqual([]);
  });
}

/** Every value that can be set, of objects that have names of their own for each. */
function leavesOf(value: unknown, path = ''): readonly string[] {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const isFree = isObject && (Object.keys(value).length === 0 || isFreeAt(path));
  if (!isObject || isFree) return [path];
  return Object.entries(value)
    .flatMap(([name, each]) => leavesOf(each, path === '' ? name : `${path}.${name}`))
    .sort();
}

function pathsOf(of: Schema, path = ''): readonly string[] {
  const { properties } = resolved(of);
  if (!properties || isFreeAt(path)) return [path];
  return Object.entries(properties)
    .flatMap(([name, each]) => pathsOf(each, path === '' ? name : `${path}.${name}`))
    .sort();
}

/** Where names are the user's own. */
function isFreeAt(path: string): boolean {
  return path === 'training.profiles' || /(resources|labels)$/i.test(path);
}

/** Paths at which anything may stand, but for what is handed on to Kubernetes. */
function openIn(of: Schema, path = ''): readonly string[] {
  if (handedOn.some((name) => path.endsWith(`.${name}`))) return [];
  const schema = resolved(of);
  const isOpen = schema.type === 'object' && (schema.additionalProperties ?? true) === true;
  return [...(isOpen ? [path] : []), ...partsOf(schema).flatMap(([name, part]) => openIn(part, path === '' ? name : `${path}.${name}`))];
}

function partsOf({ properties, patternProperties, additionalProperties, items }: Schema): readonly (readonly [string, Schema])[] {
  const others = typeof additionalProperties === 'object' ? { '*': additionalProperties } : {};
  return Object.entries({ ...properties, ...patternProperties, ...others, ...(items ? { '[]': items } : {}) });
}

function resolved(of: Schema): Schema {
  return of.$ref === undefined ? of : (definitions[of.$ref.slice('#/$defs/'.length)] ?? {});
}
