import { z } from 'zod';

/** How a component says that it answers. */
const probe = z.discriminatedUnion('kind', [
  /** 200 by HTTP or HTTPS; `ca` is the file that a server's certificate is checked against. */
  z.object({ kind: z.literal('http'), url: z.string(), ca: z.string().optional() }),
  z.object({ kind: z.literal('command'), argv: z.array(z.string()) }),
]);

const component = z.object({
  name: z.string(),
  argv: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  /** Names of those that must be ready before. */
  after: z.array(z.string()),
  /** `once`: a task, ready when it has ended with 0. `always`: a server, whose end is the cluster's. */
  runs: z.enum(['once', 'always']),
  /** When a server is ready; one that answers nobody is as soon as it was started. */
  ready: probe.optional(),
  timeoutMs: z.number(),
});

const relay = z.object({ socket: z.string(), host: z.string(), port: z.number() });

/** Everything that the supervisor does, in its order: it decides nothing by itself. */
export const planSchema = z.object({
  logDir: z.string(),
  /** What every component gets of the environment, before its own. */
  env: z.record(z.string(), z.string()),
  /** Run one after another before anything starts; each must end with 0. */
  preparation: z.array(z.array(z.string())),
  /** Unix sockets, which are reached from every network namespace, and what of this one is behind them. */
  relays: z.array(relay),
  components: z.array(component),
});

export type Plan = z.infer<typeof planSchema>;
export type Component = z.infer<typeof component>;
export type Probe = z.infer<typeof probe>;

/** What the supervisor tells its owner, one JSON value a line. */
export const reportSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('started'), component: z.string() }),
  z.object({ event: z.literal('ready'), component: z.string(), afterMs: z.number() }),
  z.object({ event: z.literal('allReady'), afterMs: z.number() }),
  z.object({ event: z.literal('failed'), reason: z.string() }),
]);

export type Report = z.infer<typeof reportSchema>;
