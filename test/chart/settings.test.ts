import { dedicatedTemplate, parseTrainingProfiles, type DedicatedTemplate } from '@facehash/operator-reconcilers';
import { natsVariables, s3Variables } from '@facehash/settings';
import { parse } from 'yaml';
import { noHelm, NAMESPACE, render } from './support/helm.js';
import { named, podOf, podsOf, type Container, type EnvVar, type Manifest } from './support/manifests.js';
import { acceptance, environmentOf, inference, ofImage, operator } from './support/programs.js';
import { renderedSet, setNames, valueSets } from './support/value-sets.js';

const MIB = 2 ** 20;

describe('what the chart tells the programs', () => {
  if (noHelm !== undefined) it.skip(`is not read: ${noHelm}`, () => undefined);
  else read();
});

function read(): void {
  it.each(setNames)('is a configuration of inference: %s', async (name) => {
    const environment = environmentOf(containerOf(await renderedSet(name), 'Deployment facehash-inference'));
    const config = inference.loadConfig({ ...ofImage, ...environment });
    expect(config).toMatchObject({ mode: 'cluster', port: 5000, managementPort: 9090, onlyModel: undefined, unknownVariables: [] });
    expect(config.cluster).toEqual(expect.objectContaining({ s3: expect.anything(), mongo: expect.anything(), nats: expect.anything() }));
  });

  it.each(setNames)('is a configuration of the operator: %s', async (name) => {
    const environment = environmentOf(containerOf(await renderedSet(name), 'Deployment facehash-operator'));
    const config = operator.loadConfig(environment);
    expect(config).toMatchObject({ platformNamespace: NAMESPACE, leaseName: 'facehash-operator', managementPort: 9090 });
    const known = [...Object.keys({ ...s3Variables, ...natsVariables }), ...Object.keys(operator.operatorVariables), 'TZ'];
    expect(Object.keys(environment).filter((variable) => !known.includes(variable))).toEqual([]);
  });

  it.each(setNames)('is a configuration of the test: %s', async (name) => {
    const environment = environmentOf(containerOf(await renderedSet(name), 'Pod facehash-test'));
    expect(() => acceptance.loadAcceptanceConfig(environment)).not.toThrow();
  });

  it.each(setNames)('tells every variable once: %s', async (name) => {
    const objects = await renderedSet(name);
    const containers = podsOf(objects).flatMap(({ of, spec }) => spec.containers.map(({ name, env }) => ({ of: `${of}: ${name}`, env })));
    const dedicated = name === 'least' ? [] : [{ of: 'pods of Dedicated models', env: templateIn(objects).env as never as EnvVar[] }];
    for (const { of, env } of [...containers, ...dedicated]) expect({ of, twice: twiceIn(env) }).toEqual({ of, twice: [] });
  });

  it('lets what a user adds take the place of what it sets', async () => {
    const objects = await renderedSet('everything');
    const dedicated = environmentOf({ env: templateIn(objects).env as never as EnvVar[] });
    const others = ['inference', 'operator'].map((name) => environmentOf(containerOf(objects, `Deployment facehash-${name}`)));
    for (const environment of [dedicated, ...others]) expect(environment).toMatchObject({ LOG_LEVEL: 'error', TZ: 'UTC' });
  });

  it.each(setNames)('has training profiles that the operator takes: %s', async (name) => {
    const parsed = parseTrainingProfiles(dataOf(await renderedSet(name), 'facehash-training', 'profiles.yaml'));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    expect(parsed.profiles['default']?.image).toMatch(/facehash\/trainer:/);
    expect(parsed.profiles['gpu']?.image ?? 'none').toMatch(name === 'least' ? /^none$/ : /facehash\/trainer-gpu:/);
  });

  it.each(setNames.filter((name) => name !== 'least'))('has a template of Dedicated pods that the operator takes: %s', async (name) => {
    const objects = await renderedSet(name);
    const template = templateIn(objects);
    const own = { FACEHASH_MODE: 'cluster', FACEHASH_ONLY_MODEL: 'some-model', FACEHASH_REPLICA: 'some-replica' };
    const dedicated = inference.loadConfig({ ...ofImage, ...environmentOf({ env: template.env as never as EnvVar[] }), ...own });
    const shared = inference.loadConfig({ ...ofImage, ...environmentOf(containerOf(objects, 'Deployment facehash-inference')) });
    expect(dedicated.unknownVariables).toEqual([]);
    expect({ cluster: dedicated.cluster, bodies: dedicated.bodies }).toEqual({ cluster: shared.cluster, bodies: shared.bodies });
    expect([template.port, template.managementPort]).toEqual([shared.port, shared.managementPort]);
  });

  it('is in their own words what the values say', async () => {
    const objects = await renderedSet('everything');
    const config = inference.loadConfig({ ...ofImage, ...environmentOf(containerOf(objects, 'Deployment facehash-inference')) });
    expect(config).toMatchObject({
      bodies: { bytesMax: 10 * MIB, trainBytesMax: 1000 * MIB },
      trainWaitMs: 600_000,
      otlpEndpoint: 'http://collector.tracing.svc:4318',
      cluster: {
        s3: { endpoint: 'https://s3.example.org', bucket: 'faces', region: 'eu-central-1', pathStyle: false, bucketMissing: 'refuse' },
        mongo: { url: 'mongodb://mongodb.example.org/', database: 'faces', credentialsFolder: '/var/run/facehash/mongodb' },
        nats: {
          servers: ['tls://nats-0.example.org:4222', 'tls://nats-1.example.org:4222'],
          auth: { kind: 'creds-file', path: '/var/run/facehash/nats/inference.creds' },
          inboxPrefix: '_INBOX_inference',
          replicas: 3,
          // Streams are the operator's.
          setup: 'none',
        },
      },
    });
    expect(operator.loadConfig(environmentOf(containerOf(objects, 'Deployment facehash-operator')))).toMatchObject({
      runsMax: 4,
      s3CaConfigMap: 's3-authority',
      trainerNats: { secret: { name: 'nats-trainer', credsKey: 'trainer.creds', caKey: 'ca.crt' } },
      watchNamespace: undefined,
      inferenceDeployment: 'facehash-inference',
      nats: { auth: { kind: 'password-folder', path: '/var/run/facehash/nats' }, inboxPrefix: '_INBOX_operator', setup: 'check' },
    });
  });

  it('is whose descriptor network it is, for everybody who describes faces', async () => {
    const descriptor = { description: '/network/own.json', previous: '/network/before.json', pipeline: 'own-2' };
    const objects = await render({ ...valueSets.everything, descriptor });
    const own = { FACEHASH_DESCRIPTOR: '/network/own.json', FACEHASH_DESCRIPTOR_PREVIOUS: '/network/before.json' };
    expect(environmentOf(containerOf(objects, 'Deployment facehash-inference'))).toMatchObject(own);
    expect(environmentOf({ env: templateIn(objects).env as never as EnvVar[] })).toMatchObject(own);
    expect(environmentOf(containerOf(objects, 'Deployment facehash-operator'))).toMatchObject({ FACEHASH_PIPELINE: 'own-2' });
    const parsed = parseTrainingProfiles(dataOf(objects, 'facehash-training', 'profiles.yaml'));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const { default: usual, ...others } = parsed.profiles;
    expect(usual?.env).toEqual({ OMP_NUM_THREADS: '2', FACEHASH_DESCRIPTOR: '/network/own.json' });
    for (const { env } of Object.values(others)) expect(env).toEqual({ FACEHASH_DESCRIPTOR: '/network/own.json' });
  });

  it('names as little as the values do', async () => {
    const objects = await renderedSet('least');
    const config = operator.loadConfig(environmentOf(containerOf(objects, 'Deployment facehash-operator')));
    expect(config).toMatchObject({ inferenceDeployment: undefined, dedicatedTemplateFile: undefined, s3CaConfigMap: undefined });
    // Nobody needs credentials there, and so trainers need none.
    expect(config.trainerNats).toEqual({ servers: 'nats://nats.example.org:4222' });
    expect(config.nats).not.toHaveProperty('auth');
    expect(
      inference.loadConfig({ ...ofImage, ...environmentOf(containerOf(objects, 'Deployment facehash-inference')) }).cluster,
    ).toMatchObject({
      mongo: { url: 'mongodb://user:password@mongodb.example.org/' },
    });
  });

  it.each<[resources: object, visionProcesses: number, workers: string]>([
    [{ limits: { cpu: '4' }, requests: { cpu: '1' } }, 0, '4'],
    [{ limits: { cpu: 2 } }, 0, '2'],
    [{ limits: { cpu: 1.5 } }, 0, '2'],
    [{ limits: { cpu: '2500m' } }, 0, '3'],
    [{ limits: { cpu: null }, requests: { cpu: '3' } }, 0, '3'],
    [{ limits: { cpu: null }, requests: { cpu: '100m' } }, 0, '1'],
    [{ limits: { cpu: null }, requests: { cpu: null } }, 0, '1'],
    [{ limits: { cpu: '2' } }, 7, '7'],
  ])('is as many vision workers as CPUs, wherever the node has more: %j and %i', async (resources, visionProcesses, workers) => {
    const small = { resources: { limits: { cpu: '500m' } } };
    const both = await Promise.all([
      render({ ...valueSets.evaluation, inference: { resources, visionProcesses }, dedicated: small }),
      render({ ...valueSets.evaluation, inference: small, dedicated: { resources, visionProcesses } }),
    ]);
    const shared = both.map((objects) => environmentOf(containerOf(objects, 'Deployment facehash-inference'))['VISION_PROCESSES']);
    const dedicated = both.map((objects) => environmentOf({ env: templateIn(objects).env as never as EnvVar[] })['VISION_PROCESSES']);
    expect({ shared, dedicated }).toEqual({ shared: [workers, '1'], dedicated: ['1', workers] });
  });

  it('is where they listen', async () => {
    const objects = await render({ ...valueSets.evaluation, listenAddress: '::' });
    for (const name of ['inference', 'operator'])
      expect(environmentOf(containerOf(objects, `Deployment facehash-${name}`))).toMatchObject({ HOST: '::' });
    const { stringData } = named(objects, 'Secret', 'facehash-evaluation-nats-config') as unknown as { stringData: Record<string, string> };
    expect(stringData['nats.conf']).toContain('host: "::"\nport: 4222\n');
  });

  it('leaves Kubernetes more time to end a pod than the program takes', async () => {
    const objects = await render({ ...valueSets.evaluation, inference: { preStopSeconds: 30, shutdownGraceSeconds: 120 } });
    const { spec } = podOf(objects, 'Deployment facehash-inference');
    const config = inference.loadConfig({ ...ofImage, ...environmentOf(containerOf(objects, 'Deployment facehash-inference')) });
    // Calls under way have their time, and everything else has 20 s before the program gives up by itself.
    const programSeconds = config.shutdownGraceMs / 1000 + 20;
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(30 + programSeconds);
    const { terminationGracePeriodSeconds, preStopSeconds } = templateIn(objects);
    expect(preStopSeconds).toBe(30);
    expect(terminationGracePeriodSeconds).toBeGreaterThan(preStopSeconds + programSeconds);
  });

  it('is for the small stores what they are, whatever else is said of stores', async () => {
    const objects = await render({ ...valueSets.external, ...valueSets.evaluation });
    const expected = await renderedSet('evaluation');
    for (const each of ['Deployment facehash-inference', 'Deployment facehash-operator']) {
      const [own, usual] = [objects, expected].map((rendered) => environmentOf(containerOf(rendered, each)));
      // Names within them may be one's own.
      const free = { FACEHASH_S3_BUCKET: 'faces', ...(each.endsWith('inference') ? { FACEHASH_MONGODB_DATABASE: 'faces' } : {}) };
      expect(own).toEqual({ ...usual, ...free });
    }
  });
}

function containerOf(objects: readonly Manifest[], of: string): Container {
  const [container] = podOf(objects, of).spec.containers;
  if (!container) throw new Error(`${of} has no container`);
  return container;
}

function dataOf(objects: readonly Manifest[], configMap: string, file: string): unknown {
  const data = named(objects, 'ConfigMap', configMap)['data'] as Readonly<Record<string, string>>;
  return parse(data[file] ?? '');
}

function templateIn(objects: readonly Manifest[]): DedicatedTemplate {
  return dedicatedTemplate.parse(dataOf(objects, 'facehash-dedicated', 'template.yaml'));
}

function twiceIn(env: readonly EnvVar[] = []): readonly string[] {
  const names = env.map(({ name }) => name);
  return names.filter((name, i) => names.indexOf(name) !== i);
}
