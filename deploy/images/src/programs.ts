/** The images of our own programs: the target in Dockerfile, and the packages whose sources are in it. */
export const programs: Readonly<Record<string, readonly string[]>> = {
  operator: ['operator/controller'],
  inference: ['services/inference', 'services/vision-worker', 'services/trainer'],
  trainer: ['services/trainer', 'services/vision-worker'],
  'trainer-gpu': ['services/trainer', 'services/vision-worker'],
};

/** The images of servers that a cluster's evaluation mode runs: the target in Dockerfile.server, and the program that is in it. */
export const servers: Readonly<Record<string, string>> = {
  minio: 'minio',
  nats: 'nats-server',
  ferretdb: 'ferretdb',
  traefik: 'traefik',
};

export const programNames: readonly string[] = Object.keys(programs);
export const imageNames: readonly string[] = [...programNames, ...Object.keys(servers)];
