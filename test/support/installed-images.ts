/** What the chart runs where it brings stores of its own. */
export const installedImages = ['operator', 'inference', 'trainer', 'minio', 'nats', 'ferretdb'] as const;
