import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { DecisionConstants } from '@facehash/classifier-core';
import { canonicalJson, sha256Hex } from '@facehash/kernel';
import { builtIn, type DescriptorSpec, type Pipeline } from '@facehash/vision-core';
import { descriptionSchema, type Description } from './description.js';

/** A pipeline whose descriptor network is the user's own. */
export interface OwnPipeline extends Pipeline {
  /** Of the description, absolute. */
  readonly path: string;
  readonly network: { readonly folder: string; readonly file: string; readonly sha256: string };
  readonly spec: DescriptorSpec;
  /** Null until they were computed: enough to describe faces, and too little to decide. */
  readonly constants: DecisionConstants | null;
}

/** Either the pipeline, or everything that is wrong with its description. */
export type Read = { readonly pipeline: OwnPipeline } | { readonly faults: readonly string[] };

/** Reads a description. At the start of a program, which can do nothing before it knows this: so it waits for the disk. */
export function readOwnPipeline(path: string): Read {
  const whole = resolve(path);
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(whole, 'utf8'));
  } catch (error) {
    return { faults: [`cannot be read: ${error instanceof Error ? error.message : String(error)}`] };
  }
  return ownPipeline(document, whole);
}

export function ownPipeline(document: unknown, path: string): Read {
  const parsed = descriptionSchema.safeParse(document);
  if (!parsed.success) return { faults: parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`) };
  const { network, input, length, mirror, decision } = parsed.data;
  const { alignment, size, ...rest } = input;
  return {
    pipeline: {
      id: pipelineId(parsed.data),
      descriptorLength: length,
      path,
      network: { folder: dirname(path), ...network },
      spec: { ...rest, alignment: { template: alignment, size }, length, mirrored: mirror },
      constants: decision ?? null,
    },
  };
}

/**
 * The user's id, and eight digits of a digest of all that decides what the numbers are and what is made of them. So a description that was
 * changed under its old id makes another pipeline, and what was computed before is never compared with it.
 */
function pipelineId({ id, network, ...rest }: Description): string {
  const content = { ...rest, network: network.sha256, landmarks: builtIn.id };
  return `${id}-${sha256Hex(canonicalJson(content)).slice(0, 8)}`;
}

/** What an instance can answer for: its own pipeline first, the built-in one always, and the one before. */
export function servedPipelines(
  own: OwnPipeline | undefined,
  previous: OwnPipeline | undefined,
): readonly [current: Pipeline, ...others: Pipeline[]] {
  const others = previous ? [previous] : [];
  return own ? [own, builtIn, ...others] : [builtIn, ...others];
}
