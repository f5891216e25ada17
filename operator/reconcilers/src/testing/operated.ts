import { API_VERSION, KIND } from '@facehash/facemodel';
import { customResourceDefinition } from '@facehash/facemodel/crd';
import { KubeClient, type KubeObject, type Resource } from '@facehash/operator-runtime';
import { kubeConfigAt } from '@facehash/operator-runtime/testing';
import { untilItPasses } from '@facehash/testing';
import { faceModels } from '../resources.js';

const crds: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};
export const namespaces: Resource = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };

/** A real API server that knows FaceModels, and a client that may do everything there. */
export interface Operated extends AsyncDisposable {
  readonly client: KubeClient;
  /** Another client, as another process would have it. */
  readonly another: (fieldManager: string) => KubeClient;
  readonly apply: (name: string, spec?: object, metadata?: object) => Promise<KubeObject>;
  readonly get: (name: string) => Promise<KubeObject>;
  /** Resolves when FaceModels can be made in a namespace of this name. */
  readonly namespace: (name: string) => Promise<void>;
}

/** `api` was just started, or is the sentence why this machine cannot have one, which is passed on. */
export async function operated(
  api: { readonly kubeconfig: string; readonly stop: () => Promise<void> } | string,
): Promise<Operated | string> {
  if (typeof api === 'string') return api;
  const another = (fieldManager: string) => new KubeClient({ kubeConfig: kubeConfigAt(api.kubeconfig), fieldManager });
  const client = another('facehash-test');
  const definition: KubeObject = { ...customResourceDefinition(), metadata: { name: 'facemodels.facehash.dev' } };
  await client.apply(crds, definition);
  await untilItPasses(() => client.list(faceModels, { namespace: 'default' }));
  const get = async (name: string): Promise<KubeObject> => {
    const found = await client.get(faceModels, { name, namespace: 'default' });
    if (!found) throw new Error(`no FaceModel ${name}`);
    return found;
  };
  return {
    client,
    another,
    get,
    apply: (name, spec = {}, metadata = {}) =>
      client.apply(faceModels, { apiVersion: API_VERSION, kind: KIND, metadata: { name, namespace: 'default', ...metadata }, spec }),
    namespace: async (name) => {
      await client.apply(namespaces, { metadata: { name } });
    },
    [Symbol.asyncDispose]: async () => {
      await client.close();
      await api.stop();
    },
  };
}
