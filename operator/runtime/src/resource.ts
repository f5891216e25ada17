import type { ObjectRef } from './raw-object.js';

/** A kind of objects, as the paths of the API name it. Written out and not discovered: an operator knows what it operates. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** As in paths: `configmaps`. */
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export interface Place {
  /** Undefined: all namespaces, or a resource that has none. */
  readonly namespace?: string | undefined;
  readonly name?: string;
  readonly subresource?: 'status' | undefined;
}

export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

export function pathOf(resource: Resource, { namespace, name, subresource }: Place): string {
  const root = resource.group === '' ? '/api' : '/apis';
  const scope = namespace === undefined || !resource.namespaced ? [] : ['namespaces', encodeURIComponent(namespace)];
  const tail = [name, subresource].filter((part) => part !== undefined).map((part) => encodeURIComponent(part));
  return [root, apiVersionOf(resource), ...scope, resource.plural, ...tail].join('/');
}

/** @throws {TypeError} when a namespaced object comes without a namespace: the path would be another resource's */
export function placeOf(resource: Resource, { namespace, name }: ObjectRef): Place {
  if (!resource.namespaced) return { name };
  if (namespace === undefined || namespace === '') throw new TypeError(`${resource.kind} ${name} needs a namespace`);
  return { namespace, name };
}

export const leases: Resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true };
export const events: Resource = { group: 'events.k8s.io', version: 'v1', plural: 'events', kind: 'Event', namespaced: true };
