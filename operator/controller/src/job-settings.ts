import type { JobSettings } from '@facehash/operator-reconcilers';
import { s3Environment } from '@facehash/settings';
import type { OperatorConfig } from './config.js';

/** As the chart mounts it for the other programs. */
const AUTHORITY_KEY = 'ca.crt';

/** What is the same for all training runs: where they are, and where the objects are. Their credentials come from a file. */
export function jobSettings({
  platformNamespace,
  s3,
  s3CaConfigMap: configMap,
  trainerNats: nats,
}: Pick<OperatorConfig, 'platformNamespace' | 's3' | 's3CaConfigMap' | 'trainerNats'>): JobSettings {
  // A file of the operator's own is none of theirs.
  const { caFile: _, ...store } = s3;
  const variables = s3Environment(store, { accessKeyId: '', secretAccessKey: '', sessionToken: '' });
  return {
    platformNamespace,
    storeEnvironment: Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== '')),
    ...(configMap === undefined ? {} : { storeAuthority: { configMap, key: AUTHORITY_KEY } }),
    ...(nats === undefined ? {} : { nats }),
  };
}
