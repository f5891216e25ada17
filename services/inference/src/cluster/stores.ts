import type { Closer } from '@facehash/kernel';
import type { Messaging } from '@facehash/messaging-core';
import { openNatsMessaging } from '@facehash/messaging-nats';
import type { ObjectStore } from '@facehash/object-store-core';
import { openS3ObjectStore } from '@facehash/object-store-s3';
import type { Registry } from '@facehash/registry-core';
import { openMongoRegistry } from '@facehash/registry-mongo';
import type { ClusterSettings, InferenceConfig } from '../config.js';
import { CannotStart } from '../composition/cannot-start.js';
import type { Context } from '../composition/parts.js';
import type { DependencyHealth } from '../health/readiness.js';
import { askWhileAway } from './ask-while-away.js';

export interface ClusterStores {
  readonly settings: ClusterSettings;
  readonly registry: Registry;
  readonly objects: ObjectStore;
  readonly messaging: Messaging;
  /** How each was reached last. */
  readonly health: () => Readonly<Record<'mongodb' | 's3' | 'nats', DependencyHealth>>;
}

/** The stores that all replicas share. None of them need answer yet: what they are asked meanwhile is STORE_UNAVAILABLE. */
export async function openClusterStores(config: InferenceConfig, context: Context, closer: Closer): Promise<ClusterStores> {
  const { cluster: settings, replica, mode } = config;
  if (!settings) throw new CannotStart('The settings of S3, MongoDB and NATS are missing.');
  const objects = await openS3ObjectStore({ ...settings.s3, ...context });
  closer.defer('object store', () => objects.close());
  askWhileAway(objects, context, closer);
  const registry = await openMongoRegistry({ ...settings.mongo, ...context });
  closer.defer('registry', () => registry.close());
  const messaging = await openNatsMessaging({ ...settings.nats, name: `facehash-${mode}-${replica}`, ...context });
  closer.defer('messaging', () => messaging.close());
  const health = (): ReturnType<ClusterStores['health']> => ({
    mongodb: registry.health(),
    s3: objects.health(),
    nats: withoutPraise(messaging.health()),
  });
  return { settings, registry, objects, messaging, health };
}

/** NATS tells to whom it is connected, too, which is no reason for anything. */
function withoutPraise({ ok, why }: DependencyHealth): DependencyHealth {
  return { ok, why: ok ? null : why };
}
