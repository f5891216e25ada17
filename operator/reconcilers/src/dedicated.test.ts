import { aStoredModel } from '@facehash/facemodel/testing';
import { dedicatedAddress, dedicatedManifests, dedicatedName, type Platform } from './dedicated.js';
import { dedicatedTemplate } from './dedicated-template.js';

const env = [
  { name: 'FACEHASH_NATS_SERVERS', value: 'nats://nats:4222' },
  { name: 'FACEHASH_MODE', value: 'standalone' },
];
const platform: Platform = { namespace: 'facehash', template: dedicatedTemplate.parse({ image: 'registry/inference:1', env }) };
const model = (serving: object = {}, more: Parameters<typeof aStoredModel>[0] = {}) =>
  aStoredModel({ ...more, specInput: { serving: { mode: 'Dedicated', ...serving } } });
const specOf = (object: { readonly [field: string]: unknown }) => object['spec'] as Record<string, never>;

describe('what a Dedicated model has', () => {
  it('is named by the model and its storage id, which fits a Service', () => {
    const long = model({}, { name: 'a'.repeat(40) });
    expect(dedicatedName(long)).toHaveLength(51);
    const digits = model({}, { name: '7'.repeat(40) });
    // RFC 1035, as the API server of Kubernetes 1.35 asks of Services.
    for (const one of [long, digits, model()]) expect(dedicatedName(one)).toMatch(/^(?=.{1,63}$)[a-z]([-a-z0-9]*[a-z0-9])?$/);
    expect(dedicatedName(model())).not.toBe(dedicatedName(model({}, { uid: 'another-uid' })));
    expect(dedicatedAddress(model(), platform)).toMatch(/^http:\/\/front-door-[0-9a-f]{10}\.facehash\.svc:5000$/);
  });

  it('is labelled by whose it is', () => {
    const { deployment, others } = dedicatedManifests(model(), platform);
    for (const { object } of [deployment, ...others]) {
      expect(object.metadata.labels).toEqual({
        'app.kubernetes.io/managed-by': 'facehash-operator',
        'facehash.dev/storage-id': '0b5d7c1e-front-door',
        'facehash.dev/model-namespace': 'default',
        'facehash.dev/model-name': 'front-door',
        'facehash.dev/model-uid': '0b5d7c1e-front-door',
      });
    }
    expect(others.map(({ resource }) => resource.kind)).toEqual(['Service', 'PodDisruptionBudget']);
  });

  it('lets its node be drained, and of pods that are not ready any number', () => {
    const budget = dedicatedManifests(model(), platform).others[1]?.object ?? { metadata: { name: '' } };
    expect(specOf(budget)).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
  });

  it('is a Deployment that never has less than it should, for this model alone, and as restricted as may be', () => {
    const { template, ...spec } = specOf(dedicatedManifests(model({ replicas: 3 }), platform).deployment.object) as never as {
      template: { spec: { containers: [{ env: { name: string; value?: string }[] }] } };
    };
    expect(spec).toMatchObject({ replicas: 3, strategy: { rollingUpdate: { maxUnavailable: 0 } } });
    const [container] = template.spec.containers;
    // Credentials of the stores are for the pod's group alone.
    expect(template.spec).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true, fsGroup: 10001 } });
    expect(container).toMatchObject({
      image: 'registry/inference:1',
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      lifecycle: { preStop: { sleep: { seconds: 5 } } },
      readinessProbe: { httpGet: { path: '/health/ready', port: 'management' } },
      livenessProbe: { periodSeconds: 10, failureThreshold: 6, timeoutSeconds: 5 },
    });
    expect(container.env).toEqual(
      expect.arrayContaining([
        { name: 'FACEHASH_NATS_SERVERS', value: 'nats://nats:4222' },
        { name: 'FACEHASH_MODE', value: 'cluster' },
        { name: 'FACEHASH_ONLY_MODEL', value: '0b5d7c1e-front-door' },
        { name: 'FACEHASH_REPLICA', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
      ]),
    );
    expect(container.env.filter(({ name }) => name === 'FACEHASH_MODE')).toHaveLength(1);
  });

  it.each([
    ['at every address of IPv4', [], '0.0.0.0'],
    ['where the template says', [{ name: 'HOST', value: '::' }], '::'],
  ])('listens %s', (_, more, host) => {
    const listening = { ...platform, template: { ...platform.template, env: [...env, ...more] } };
    const { template } = specOf(dedicatedManifests(model(), listening).deployment.object) as never as {
      template: { spec: { containers: [{ env: { name: string; value?: string }[] }] } };
    };
    expect(template.spec.containers[0].env.filter(({ name }) => name === 'HOST')).toEqual([{ name: 'HOST', value: host }]);
  });

  it('has pods that wait for the stores as long as it takes, and are not ended for it', () => {
    const { template } = specOf(dedicatedManifests(model(), platform).deployment.object) as never as {
      template: { spec: { containers: [Record<string, unknown>] } };
    };
    const [container] = template.spec.containers;
    const asked = ['startupProbe', 'readinessProbe', 'livenessProbe'].map((probe) => container[probe]);
    expect(asked).toMatchObject(['startup', 'ready', 'live'].map((what) => ({ httpGet: { path: `/health/${what}`, port: 'management' } })));
  });

  it('comes and goes with its load where that is asked for, and an autoscaler’s decision stays', () => {
    const scaled = model({ autoscaling: { minReplicas: 2, maxReplicas: 6 } });
    const { others } = dedicatedManifests(scaled, platform);
    expect(specOf(others[2]?.object ?? { metadata: { name: '' } })).toMatchObject({ minReplicas: 2, maxReplicas: 6 });
    const replicas = (now?: number) => specOf(dedicatedManifests(scaled, platform, now).deployment.object)['replicas'];
    expect([replicas(), replicas(1), replicas(5), replicas(9)]).toEqual([2, 2, 5, 6]);
    expect(specOf(dedicatedManifests(model({ replicas: 2 }), platform, 5).deployment.object)['replicas']).toBe(2);
  });

  it('is known by a digest of the wish, however many pods there are just now', () => {
    const scaled = model({ autoscaling: { minReplicas: 2, maxReplicas: 6 } });
    const digest = (...args: Parameters<typeof dedicatedManifests>) => dedicatedManifests(...args).digest;
    expect(digest(scaled, platform, 5)).toBe(digest(scaled, platform));
    expect(digest(model({ replicas: 3 }), platform)).not.toBe(digest(model(), platform));
    const otherImage = { ...platform, template: { ...platform.template, image: 'registry/inference:2' } };
    expect(digest(model(), otherImage)).not.toBe(digest(model(), platform));
  });
});
