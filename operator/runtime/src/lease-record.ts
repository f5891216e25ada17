import { isRecord, type KubeObject } from './raw-object.js';

/** The spec of a Lease. `holder` is empty when it was given back. */
export interface LeaseRecord {
  readonly holder: string;
  readonly durationSeconds: number;
  readonly acquiredAt: string;
  readonly renewedAt: string;
  /** How often it changed hands: the term, by which later facts are told from those of a leader that was deposed. */
  readonly transitions: number;
}

/** A lease as it was read, and when it was first seen so, on this process's own clock that nobody can set. */
export interface Observation {
  readonly record: LeaseRecord | undefined;
  readonly resourceVersion: string | undefined;
  readonly sinceMs: number;
}

export type LeaseStep =
  | { readonly kind: 'create' }
  | { readonly kind: 'renew' }
  | { readonly kind: 'take' }
  /** Somebody else holds it, and has not been silent for long enough. */
  | { readonly kind: 'wait'; readonly holder: string; readonly leftMs: number };

/**
 * What a candidate does. Times that others wrote are not looked at: their clocks, and ours, may be wrong by any amount. A lease is over when
 * it has not *changed* for its duration, as seen from here, so whoever has just arrived waits that long once.
 */
export function leaseStep({ record, sinceMs }: Observation, identity: string, nowMs: number): LeaseStep {
  if (record === undefined) return { kind: 'create' };
  if (record.holder === identity) return { kind: 'renew' };
  if (record.holder === '') return { kind: 'take' };
  const leftMs = sinceMs + record.durationSeconds * 1000 - nowMs;
  return leftMs > 0 ? { kind: 'wait', holder: record.holder, leftMs } : { kind: 'take' };
}

/** What is seen now, given what was seen before: the same record is as old as it was. */
export function observed(before: Observation | undefined, lease: KubeObject | undefined, nowMs: number): Observation {
  const record = lease === undefined ? undefined : parseLease(lease);
  const resourceVersion = lease?.metadata.resourceVersion;
  const unchanged = before !== undefined && JSON.stringify(before.record) === JSON.stringify(record);
  return { record, resourceVersion, sinceMs: unchanged ? before.sinceMs : nowMs };
}

export function parseLease({ spec }: KubeObject): LeaseRecord {
  const fields = isRecord(spec) ? spec : {};
  return {
    holder: textOf(fields['holderIdentity']),
    durationSeconds: numberOf(fields['leaseDurationSeconds']),
    acquiredAt: textOf(fields['acquireTime']),
    renewedAt: textOf(fields['renewTime']),
    transitions: numberOf(fields['leaseTransitions']),
  };
}

export function leaseSpec(record: LeaseRecord): Readonly<Record<string, unknown>> {
  return {
    holderIdentity: record.holder,
    leaseDurationSeconds: record.durationSeconds,
    acquireTime: record.acquiredAt,
    renewTime: record.renewedAt,
    leaseTransitions: record.transitions,
  };
}

/** Kubernetes' MicroTime: a time with milliseconds only is refused (400). */
export function microTime(time: Date): string {
  return time.toISOString().replace('Z', '000Z');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
