import { chart, RELEASE, type Installation } from './installation.js';
import { namespaceOf } from './deployed.js';
import { parseAllDocuments } from 'yaml';

/** Not the release's. */
const NAMESPACE = 'stores';

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** Of a user of a store, by the names that files of it have. */
export type Credentials = Readonly<Record<string, string>>;

export interface StoreCredentials {
  readonly s3: Credentials;
  readonly nats: Readonly<Record<'operator' | 'inference' | 'trainer', Credentials>>;
}

/** Values by which an installation uses them, as docs/install.md has them. FerretDB asks for no credentials. */
export const ownStores = {
  evaluation: { enabled: false },
  stores: {
    s3: {
      endpoint: `http://${RELEASE}-minio.${NAMESPACE}:9000`,
      bucketMissing: 'make',
      existingSecret: 'facehash-s3',
      // As other stores want it; MinIO gives the same with it.
      sts: { roleArn: 'arn:aws:iam::123456789012:role/facehash-training', sessionSecondsMax: 7200 },
    },
    mongodb: { url: `mongodb://${RELEASE}-mongodb.${NAMESPACE}:27017/` },
    nats: {
      servers: `nats://${RELEASE}-nats.${NAMESPACE}:4222`,
      operator: { existingSecret: 'facehash-nats-operator', inboxPrefix: '_INBOX_operator' },
      inference: { existingSecret: 'facehash-nats-inference', inboxPrefix: '_INBOX_inference' },
      trainer: { existingSecret: 'facehash-nats-trainer' },
    },
  },
};

/** Stores that are no part of the release, and end and begin without it. They are those of an evaluation, in a namespace of their own. */
export class OwnStores {
  constructor(private readonly here: Installation) {}

  /** Makes them, or gives those that are there other credentials, as the old ones are refused from then on. */
  async start(): Promise<StoreCredentials> {
    const manifests = await this.#manifests();
    await this.here.kubectl.apply(namespaceOf(NAMESPACE), ...manifests);
    for (const store of ['minio', 'nats', 'mongodb']) await this.#ready(store);
    const secret = (name: string): Credentials => {
      const { data = {} } =
        manifests.find(({ kind, metadata }) => kind === 'Secret' && metadata.name === `${RELEASE}-evaluation-${name}`) ?? {};
      return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
    };
    const nats = { operator: secret('nats-operator'), inference: secret('nats-inference'), trainer: secret('nats-trainer') };
    return { s3: secret('s3'), nats };
  }

  async rotate(): Promise<StoreCredentials> {
    const credentials = await this.start();
    for (const store of ['minio', 'nats']) {
      await this.here.kubectl.run('rollout', 'restart', `statefulset/${RELEASE}-${store}`, '-n', NAMESPACE);
      await this.#ready(store);
    }
    return credentials;
  }

  /** NATS, without anything that it held. */
  async loseNats(): Promise<void> {
    const nats = `statefulset/${RELEASE}-nats`;
    const manifests = await this.#manifests();
    await this.here.kubectl.run('delete', nats, '-n', NAMESPACE, '--cascade=foreground', '--timeout=60s');
    await this.here.kubectl.run('wait', '-n', NAMESPACE, '--for=delete', `pvc/data-${RELEASE}-nats-0`, '--timeout=60s');
    await this.here.kubectl.apply(...manifests.filter(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}` === nats));
    await this.#ready('nats');
  }

  async #ready(store: string): Promise<void> {
    await this.here.kubectl.run('rollout', 'status', `statefulset/${RELEASE}-${store}`, '-n', NAMESPACE, '--timeout=85s');
  }

  /** Passwords are drawn each time. */
  async #manifests(): Promise<readonly Manifest[]> {
    const only = ['secrets', 'stores'].flatMap((name) => ['--show-only', `templates/evaluation/${name}.yaml`]);
    const files = await this.here.valuesFile();
    const rendered = await this.here.helm('template', RELEASE, chart, ...only, ...files, '--namespace', NAMESPACE);
    return parseAllDocuments(rendered).map((document) => document.toJS() as Manifest);
  }
}
