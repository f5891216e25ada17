import { hasApiCode } from './api-error.js';
import type { KubeClient, Selection } from './kube-client.js';
import type { KubeObject } from './raw-object.js';
import type { Resource } from './resource.js';

export interface ListAllOptions {
  readonly client: Pick<KubeClient, 'list'>;
  readonly resource: Resource;
  readonly selection: Selection;
  readonly pageSize: number;
}

/**
 * Lists in pages and gives each object on as its page comes, so that only one page is in memory as JSON. Resolves to the position from which
 * to watch. A list that outlives its own pages (410) starts over, in one piece: objects may then come twice, the later one newer.
 */
export async function listAll(
  { client, resource, selection, pageSize }: ListAllOptions,
  onObject: (object: KubeObject) => void,
  signal: AbortSignal,
): Promise<string> {
  const { namespace, labelSelector, fieldSelector } = selection;
  const page = (limit: number | undefined, continueFrom: string | undefined) =>
    client.list(resource, { namespace, labelSelector, fieldSelector, limit, continueFrom }, signal);
  let continueFrom: string | undefined;
  for (let limit: number | undefined = pageSize; ;) {
    try {
      const list = await page(limit, continueFrom);
      for (const object of list.items) onObject(object);
      continueFrom = list.continueFrom;
      if (continueFrom === undefined) return list.resourceVersion;
    } catch (error) {
      if (!hasApiCode(error, 'gone') || continueFrom === undefined) throw error;
      limit = continueFrom = undefined;
    }
  }
}
