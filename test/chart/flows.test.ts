import { flowsIn } from './support/flows.js';
import { noHelm, render } from './support/helm.js';
import { named, type Manifest } from './support/manifests.js';
import { renderedSet, valueSets } from './support/value-sets.js';

const toStores = ['s3:443', 'mongodb:27017', 'nats:4222'];
const nobody = { neighbour: [], tenant: [], internet: [] };
/** Where nobody is named who may, anybody may. */
const open = ['inference:5000', 'inference:9090', 'dedicated:9090', 'operator:9090'];
const toDns = ['DNS:53', 'DNS of OpenShift:5353'];
const anybody = { ingress: open, monitoring: open, 'helm test': open, neighbour: open, tenant: open, internet: open };
const { inferenceFrom, metricsFrom, extraEgress: _, ...peers } = valueSets.everything.networkPolicy;

describe('who may talk to whom', () => {
  if (noHelm !== undefined) it.skip(`is not looked at: ${noHelm}`, () => undefined);
  else told();
});

function told(): void {
  it('is as little as is needed, where it is said where everything is', async () => {
    expect(flowsIn(await renderedSet('everything'))).toEqual({
      ingress: ['inference:5000'],
      'helm test': ['inference:5000'],
      monitoring: ['inference:9090', 'dedicated:9090', 'operator:9090'],
      inference: ['dedicated:5000', ...toStores, 'collector:4318', 'proxy:3128', ...toDns],
      dedicated: [...toStores, 'collector:4318', 'proxy:3128', ...toDns],
      trainer: ['s3:443', 'nats:4222', 'proxy:3128', ...toDns],
      operator: ['s3:443', 'nats:4222', 'API server:443', 'proxy:3128', ...toDns],
      ...nobody,
    });
  });

  it('is by port alone, where it is not said where the stores are', async () => {
    // Whoever may ask S3 may ask everything at its port.
    const somewhere = ['API server:443', 'internet:443', ...toDns];
    expect(flowsIn(await renderedSet('external'))).toEqual({
      inference: ['dedicated:5000', ...toStores, ...somewhere],
      dedicated: [...toStores, ...somewhere],
      trainer: ['s3:443', 'nats:4222', ...somewhere],
      operator: ['s3:443', 'nats:4222', ...somewhere],
      ...anybody,
    });
  });

  it('is nobody outside but the stores, where it is said where they are', async () => {
    const objects = await render({ ...valueSets.external, networkPolicy: peers });
    expect(flowsIn(objects)).toEqual({
      inference: ['dedicated:5000', ...toStores, ...toDns],
      dedicated: [...toStores, ...toDns],
      trainer: ['s3:443', 'nats:4222', ...toDns],
      operator: ['s3:443', 'nats:4222', 'API server:443', ...toDns],
      ...anybody,
    });
  });

  it('is for the small stores only who needs them, and they ask nobody', async () => {
    const flows = flowsIn(await renderedSet('evaluation'));
    expect(flows).toEqual({
      inference: ['dedicated:5000', 'minio:9000', 'mongodb:27017', 'nats:4222', ...toDns],
      dedicated: ['minio:9000', 'mongodb:27017', 'nats:4222', ...toDns],
      trainer: ['minio:9000', 'nats:4222', ...toDns],
      operator: ['minio:9000', 'nats:4222', 's3:443', 'API server:443', 'internet:443', ...toDns],
      ...anybody,
      minio: [],
      mongodb: [],
      nats: [],
    });
  });

  it('is the same for the front door, where no model may have pods of its own', async () => {
    const objects = await render({ ...valueSets.everything, dedicated: { enabled: false } });
    const flows = flowsIn(objects);
    expect(flows['inference']).toEqual([...toStores, 'collector:4318', 'proxy:3128', ...toDns]);
    expect(flows['ingress']).toContain('inference:5000');
  });

  it.each<[who: string, values: object, open: readonly string[]]>([
    ['clients', { inferenceFrom }, ['inference:9090', 'dedicated:9090', 'operator:9090']],
    ['Prometheus', { metricsFrom }, ['inference:5000']],
  ])('leaves the others as they are where only %s are named', async (_who, values, rest) => {
    const flows = flowsIn(await render({ ...valueSets.external, networkPolicy: values }));
    expect(flows['tenant']).toEqual(rest);
  });

  it('lets the test in from the namespace where it runs', async () => {
    const objects = await render({ ...valueSets.namespaced, networkPolicy: { inferenceFrom } });
    const test = named(objects, 'Pod', 'facehash-test');
    expect(flowsIn(objects)['helm test']).not.toContain('inference:5000');
    const there = { namespace: { name: 'faces', labels: { 'kubernetes.io/metadata.name': 'faces' } }, labels: test.metadata.labels ?? {} };
    expect(flowsIn(objects, { there })['there']).toContain('inference:5000');
  });

  it('would be told to be more with a policy that opens everything, and with one less', async () => {
    const objects = await renderedSet('everything');
    const before = flowsIn(objects);
    const wide = {
      kind: 'NetworkPolicy',
      metadata: { name: 'wide', namespace: 'platform' },
      spec: { podSelector: {}, ingress: [{}], egress: [{}] },
    };
    const opened = flowsIn([...objects, wide as unknown as Manifest]);
    expect(opened['internet']).toEqual(expect.arrayContaining(['inference:5000', 'operator:9090', 'trainer:9090']));
    expect(opened['trainer']).toContain('API server:443');
    const without = flowsIn(objects.filter(({ kind, metadata }) => kind !== 'NetworkPolicy' || metadata.name !== 'facehash-trainer'));
    expect(without).not.toEqual(before);
    expect(without['trainer']).toContain('internet:80');
  });
}
