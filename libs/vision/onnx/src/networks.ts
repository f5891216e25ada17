import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FaceHashError } from '@facehash/kernel';
import type { DescriptorNetwork, FaceDetector, LandmarkNetwork, RgbImage } from '@facehash/vision-core';
import { builtInDescriptor, inputShape, OnnxDescriptor } from './descriptor.js';
import { LANDMARKS_INPUT, OnnxLandmarks } from './landmarks.js';
import { Network, type NetworkFile } from './session.js';
import { SSD_INPUT, SsdDetector } from './ssd-detector.js';
import { TINY_INPUT, TinyDetector } from './tiny-detector.js';

export interface Networks {
  readonly landmarks: LandmarkNetwork;
  /** Of the built-in pipeline. */
  readonly descriptor: DescriptorNetwork;
  /** The two detectors are loaded when they are first needed: most photos never need them. */
  readonly tiny: FaceDetector<RgbImage>;
  readonly ssd: FaceDetector<RgbImage>;
  close(): Promise<void>;
}

export interface NetworkOptions {
  /** How many each network computes with; set it from the CPU limit. */
  readonly threads: number;
  /** `later`: when it is first needed, where another one describes most faces. */
  readonly descriptor?: 'now' | 'later';
}

/**
 * Opens the networks that the set-up converted into `folder`.
 * Rejects with ARTIFACT_CORRUPT when a file is missing in the list or does not match its digest.
 */
export async function openNetworks(folder: string, { threads, descriptor = 'now' }: NetworkOptions): Promise<Networks> {
  const files = filesIn(await readFile(join(folder, 'networks.json'), 'utf8'));
  const opened: Network[] = [];
  const open = async (name: string, shape: readonly number[]): Promise<Network> => {
    const file = files.get(name);
    if (!file) throw new FaceHashError('ARTIFACT_CORRUPT', { network: name });
    const network = await Network.open(folder, file, { shape, threads });
    opened.push(network);
    return network;
  };
  const described = once(() => open('descriptor', inputShape(builtInDescriptor)));
  const [landmarks] = await Promise.all([open('landmarks', square(LANDMARKS_INPUT)), descriptor === 'now' ? described() : undefined]);
  return {
    landmarks: new OnnxLandmarks(landmarks),
    descriptor: new OnnxDescriptor(described, builtInDescriptor),
    tiny: new TinyDetector(once(() => open('tiny', square(TINY_INPUT)))),
    ssd: new SsdDetector(once(() => open('ssd', square(SSD_INPUT)))),
    close: async () => {
      await Promise.all(opened.splice(0).map((network) => network.close()));
    },
  };
}

function square(size: number): readonly number[] {
  return [1, size, size, 3];
}

/** Runs `make` at the first call; one that failed is tried again at the next. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () =>
    (made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    }));
}

function filesIn(list: string): ReadonlyMap<string, NetworkFile> {
  const value: unknown = JSON.parse(list);
  if (typeof value !== 'object' || value === null || !('files' in value) || !Array.isArray(value.files)) {
    throw new FaceHashError('ARTIFACT_CORRUPT', { file: 'networks.json' });
  }
  const entries: readonly unknown[] = value.files;
  return new Map(entries.flatMap((entry) => (isFile(entry) ? [[entry.name, entry]] : [])));
}

function isFile(entry: unknown): entry is NetworkFile & { readonly name: string } {
  return typeof entry === 'object' && entry !== null && 'name' in entry && 'file' in entry && 'sha256' in entry;
}
