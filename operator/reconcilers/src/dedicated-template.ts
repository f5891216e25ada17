import { z } from 'zod';

const object = z.record(z.string(), z.unknown());
const port = z.int().min(1).max(65535);

/** How pods of a Dedicated model look, as the platform's admin says: what the inference of the platform itself has, and as much of a machine as one model needs. */
export const dedicatedTemplate = z.strictObject({
  image: z.string().min(1),
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
  imagePullSecrets: z.array(object).max(20).default([]),
  port: port.default(5000),
  managementPort: port.default(5001),
  /** As containers have it: where the stores are, and credentials by reference to Secrets. */
  env: z.array(object).max(200).default([]),
  envFrom: z.array(object).max(20).default([]),
  resources: object.default({ requests: { cpu: '500m', memory: '1Gi' }, limits: { memory: '2Gi' } }),
  volumes: z.array(object).max(20).default([]),
  volumeMounts: z.array(object).max(20).default([]),
  nodeSelector: z.record(z.string(), z.string()).default({}),
  tolerations: z.array(object).max(50).default([]),
  priorityClassName: z.string().nullable().default(null),
  /** Between the order to end and the end, in which whoever sends calls here is told. */
  preStopSeconds: z.int().min(0).max(300).default(5),
  /** Longer than that and what the program takes for its requests under way. */
  terminationGracePeriodSeconds: z.int().min(1).max(3600).default(60),
});
export type DedicatedTemplate = z.output<typeof dedicatedTemplate>;
