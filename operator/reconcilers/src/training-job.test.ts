import { aGpu, anOrder, aProfile, aRunSpec, someSettings } from './testing/runs.js';
import { credentialsSecret, jobNameOf, trainingJob, type JobSettings, type RunOrder } from './training-job.js';

/** The parts of a Job that a case looks at. */
interface Made {
  readonly metadata: { readonly name: string; readonly labels: Record<string, string>; readonly annotations: Record<string, string> };
  readonly spec: {
    readonly suspend: boolean;
    readonly activeDeadlineSeconds?: number;
    readonly template: {
      readonly spec: Record<string, unknown> & {
        readonly containers: readonly [{ readonly env: readonly { name: string; value: string }[] } & Record<string, unknown>];
      };
    };
  };
}

function made(overrides: Partial<RunOrder> = {}, settings: JobSettings = someSettings): Made {
  return trainingJob(anOrder(overrides), settings) as unknown as Made;
}

function podOf(job: Made): Made['spec']['template']['spec'] {
  return job.spec.template.spec;
}

function variables(job: Made): Record<string, string> {
  return Object.fromEntries(podOf(job).containers[0].env.map(({ name, value }) => [name, value]));
}

describe('the Job of a run', () => {
  it('is named by the model and the run, and no longer than a label may be', () => {
    const owner = { name: 'a'.repeat(40) };
    const [first, again, next] = ['v-1-g1-a1', 'v-1-g1-a1', 'v-1-g1-a2'].map((run) => jobNameOf({ storageId: 's', run }, owner));
    expect(first).toHaveLength(63);
    expect(again).toBe(first);
    expect(next).not.toBe(first);
  });

  it('has the same name with and without its accelerator, so that there is never one of each', () => {
    const spec = aRunSpec({ accelerator: aGpu });
    expect(made({ spec, accelerated: true }).metadata.name).toBe(made({ spec, accelerated: false }).metadata.name);
  });

  it('tells the trainer its run, where the objects are, and no secret', () => {
    const spec = aRunSpec();
    const job = made({ profile: aProfile({ env: { LOG_LEVEL: 'debug' }, tfjsBackend: 'wasm' }) });
    expect(variables(job)).toEqual({
      FACEHASH_VISION_PROCESSES: '1',
      LOG_LEVEL: 'debug',
      FACEHASH_TFJS_BACKEND: 'wasm',
      FACEHASH_TENSORFLOW_DEVICE: 'cpu',
      ...someSettings.storeEnvironment,
      FACEHASH_S3_CREDENTIALS_DIR: '/var/run/facehash/store',
      FACEHASH_TERMINATION_MESSAGE: '/dev/termination-log',
      FACEHASH_RUN: JSON.stringify(spec),
    });
  });

  it.each<[string, object, string]>([
    ['a CPU of the limit', { requests: { cpu: '1' }, limits: { cpu: '4' } }, '4'],
    ['a CPU of the request, where there is no limit', { requests: { cpu: 2 }, limits: { memory: '2Gi' } }, '2'],
    ['a part of a CPU', { limits: { cpu: '500m' } }, '1'],
    ['each CPU that is begun', { limits: { cpu: '1.5' } }, '2'],
    ['each thousand of its thousandths', { limits: { cpu: '3000m' } }, '3'],
    ['a profile that names no CPU', { limits: { memory: '2Gi' } }, '1'],
    ['as many CPUs as a trainer takes', { limits: { cpu: '1k' } }, '256'],
  ])('describes photos in a process for %s, and not for each CPU of its node', (_, resources, processes) => {
    expect(variables(made({ profile: aProfile({ resources }) }))['FACEHASH_VISION_PROCESSES']).toBe(processes);
  });

  it('describes photos in as many processes as its profile says', () => {
    const profile = aProfile({ resources: { limits: { cpu: '4' } }, env: { FACEHASH_VISION_PROCESSES: '2' } });
    expect(variables(made({ profile }))['FACEHASH_VISION_PROCESSES']).toBe('2');
  });

  it('is as restricted as can be, and holds no credentials of Kubernetes', () => {
    const pod = podOf(made());
    expect(pod).toMatchObject({
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(pod.containers[0]).toMatchObject({
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      terminationMessagePolicy: 'FallbackToLogsOnError',
    });
  });

  it('is run on what the profile says', () => {
    const profile = aProfile({
      nodeSelector: { disk: 'fast' },
      tolerations: [{ key: 'training', operator: 'Exists' }],
      runtimeClassName: 'gvisor',
      priorityClassName: 'low',
      serviceAccountName: 'trainer',
      imagePullSecrets: ['registry'],
      labels: { team: 'vision', 'facehash.dev/storage-id': 'of somebody else' },
      annotations: { note: 'x' },
    });
    const job = made({ profile });
    expect(podOf(job)).toMatchObject({
      nodeSelector: { disk: 'fast' },
      tolerations: [{ key: 'training', operator: 'Exists' }],
      runtimeClassName: 'gvisor',
      priorityClassName: 'low',
      serviceAccountName: 'trainer',
      imagePullSecrets: [{ name: 'registry' }],
    });
    expect(job.metadata.labels).toMatchObject({ team: 'vision', 'facehash.dev/storage-id': aRunSpec().storageId });
    expect(job.metadata.annotations).toMatchObject({ note: 'x', 'facehash.dev/training-profile': 'default' });
    expect(job.metadata.labels['kueue.x-k8s.io/queue-name']).toBeUndefined();
  });

  it('has the volumes of the profile beside its own', () => {
    const volumes = [{ name: 'network', configMap: { name: 'network' } }];
    const volumeMounts = [{ name: 'network', mountPath: '/network', readOnly: true }];
    const pod = podOf(made({ profile: aProfile({ volumes, volumeMounts }) }));
    expect(pod['volumes']).toEqual(expect.arrayContaining(volumes));
    expect(pod['volumes']).toHaveLength((podOf(made())['volumes'] as unknown[]).length + 1);
    expect(pod.containers[0]['volumeMounts']).toEqual(expect.arrayContaining(volumeMounts));
  });

  it('waits in the queue that the profile names', () => {
    const job = made({ profile: aProfile({ queueName: 'training' }) });
    expect(job.metadata.labels['kueue.x-k8s.io/queue-name']).toBe('training');
    expect(job.spec.suspend).toBe(true);
  });

  it('checks the certificate of the store by the authority that the platform has', () => {
    const job = made({}, { ...someSettings, storeAuthority: { configMap: 'store-ca', key: 'ca.crt' } });
    expect(variables(job)['FACEHASH_S3_CA_FILE']).toBe('/var/run/facehash/authority/ca.crt');
    expect(podOf(job)['volumes']).toContainEqual({ name: 'authority', configMap: { name: 'store-ca' } });
  });

  it('tells where NATS is, and mounts the credentials for it, which it can do without', () => {
    const servers = 'nats://a:4222,nats://b:4222';
    expect(variables(made({}, { ...someSettings, nats: { servers } }))).toMatchObject({ FACEHASH_NATS_SERVERS: servers });
    expect(podOf(made({}, { ...someSettings, nats: { servers } }))['volumes']).toEqual(podOf(made())['volumes']);
    const job = made({}, { ...someSettings, nats: { servers, secret: { name: 'nats-trainer' } } });
    expect(variables(job)).toMatchObject({ FACEHASH_NATS_CREDENTIALS_DIR: '/var/run/facehash/nats' });
    const secret = { secretName: 'nats-trainer', defaultMode: 0o440, optional: true };
    expect(podOf(job)['volumes']).toContainEqual({ name: 'nats', secret });
    expect(podOf(job).containers[0]['volumeMounts']).toContainEqual({ name: 'nats', mountPath: '/var/run/facehash/nats', readOnly: true });
  });

  it('reads a credentials file and an authority from that Secret where they are named', () => {
    const secret = { name: 'nats-trainer', credsKey: 'user.creds', caKey: 'ca.crt' };
    const told = variables(made({}, { ...someSettings, nats: { servers: 'tls://nats:4222', secret } }));
    expect(told).toMatchObject({
      FACEHASH_NATS_CREDS_FILE: '/var/run/facehash/nats/user.creds',
      FACEHASH_NATS_CA_FILE: '/var/run/facehash/nats/ca.crt',
    });
    expect(told['FACEHASH_NATS_CREDENTIALS_DIR']).toBeUndefined();
  });

  it.each([
    ['with its accelerator', true, 'auto', { cpu: '1', 'nvidia.com/gpu': '1' }, { zone: 'gpu' }, 1],
    ['without it', false, 'cpu', { cpu: '1' }, {}, 0],
  ])('%s reserves what it computes on', (_, accelerated, device, requests, nodeSelector, tolerations) => {
    const profile = aProfile({ acceleratorNodeSelector: { zone: 'gpu' } });
    const job = made({ spec: aRunSpec({ accelerator: aGpu }), accelerated, profile });
    expect(variables(job)['FACEHASH_TENSORFLOW_DEVICE']).toBe(device);
    expect(podOf(job).containers[0]).toMatchObject({ resources: { requests } });
    expect(podOf(job)['nodeSelector']).toEqual(nodeSelector);
    expect(podOf(job)['tolerations']).toHaveLength(tolerations);
  });

  it('has an end, but where it waits for an accelerator', () => {
    const spec = aRunSpec({ deadlineSeconds: 100, accelerator: { ...aGpu, onUnavailable: 'Wait' } });
    const [waits, doesNot] = [made({ spec }), made({ spec: aRunSpec({ deadlineSeconds: 100 }) })];
    expect([podOf(waits)['activeDeadlineSeconds'], waits.spec.activeDeadlineSeconds]).toEqual([280, undefined]);
    expect([podOf(doesNot)['activeDeadlineSeconds'], doesNot.spec.activeDeadlineSeconds]).toEqual([280, 840]);
  });
});

describe('the credentials of a run', () => {
  it('belong to its Job', () => {
    const secret = credentialsSecret({ name: 'train-x', namespace: 'facehash', uid: 'job-1' }, anOrder(), {
      accessKeyId: 'id',
      secretAccessKey: 'secret',
      sessionToken: 'token',
    });
    expect(secret).toMatchObject({
      metadata: { name: 'train-x', ownerReferences: [{ kind: 'Job', name: 'train-x', uid: 'job-1' }] },
      data: { 'access-key-id': btoa('id'), 'secret-access-key': btoa('secret'), 'session-token': btoa('token') },
    });
  });
});
