import { FaceHashError } from '@facehash/kernel';
import type { AnalyseOptions, CascadeDetector, GreyImage } from '@facehash/vision-core';
import { access } from 'node:fs/promises';
import { type Cascade, probed } from './cascade.js';
import { openNativeCascade } from './native.js';
import { openPortableCascade } from './portable.js';
import { longestSidePx, settingsFor } from './settings.js';
import { shrunk } from './shrink.js';

export type HaarAdapter = 'native' | 'portable';

export interface OpenedHaar {
  readonly detector: CascadeDetector;
  readonly adapter: HaarAdapter;
  /** Why `auto` did not take the native one, for the log. */
  readonly nativeFailure?: unknown;
  close(): void;
}

/**
 * Haar detection with OpenCV's cascade. `auto` takes the native build where it loads, else WebAssembly, and says which in `adapter`.
 * Rejects with INTERNAL when the cascade cannot be read, and when the named adapter does not load.
 */
export async function openHaar({
  adapter,
  cascadePath,
}: {
  readonly adapter: HaarAdapter | 'auto';
  readonly cascadePath: string;
}): Promise<OpenedHaar> {
  await access(cascadePath).catch((cause: unknown) => {
    throw new FaceHashError('INTERNAL', { detail: 'the cascade is not there', cascadePath }, { cause });
  });
  if (adapter === 'portable') return opened('portable', probed(await openPortableCascade(cascadePath), cascadePath));
  const native = loadNative(cascadePath);
  if ('cascade' in native) return opened('native', probed(native.cascade, cascadePath));
  if (adapter === 'native') {
    throw new FaceHashError('INTERNAL', { detail: 'the native face detector does not load' }, { cause: native.failure });
  }
  return { ...opened('portable', probed(await openPortableCascade(cascadePath), cascadePath)), nativeFailure: native.failure };
}

function loadNative(cascadePath: string): { readonly cascade: Cascade } | { readonly failure: unknown } {
  try {
    return { cascade: openNativeCascade(cascadePath) };
  } catch (failure) {
    return { failure };
  }
}

function opened(adapter: HaarAdapter, cascade: Cascade): OpenedHaar {
  return {
    detector: { detect: (picture, options) => Promise.resolve(find(cascade, picture, options)) },
    adapter,
    close: () => cascade.close(),
  };
}

type DetectOptions = Pick<AnalyseOptions, 'faces' | 'minFaceFraction'>;

function find(cascade: Cascade, picture: GreyImage, options: DetectOptions): Awaited<ReturnType<CascadeDetector['detect']>> {
  const searched = shrunk(picture, longestSidePx(options.faces));
  const scale = picture.width / searched.width;
  return cascade
    .find(searched, settingsFor(searched, options))
    .map(({ x, y, width, height, support }) => ({
      box: { x: x * scale, y: y * scale, width: width * scale, height: height * scale },
      support,
    }))
    .sort((one, other) => other.box.width - one.box.width || one.box.x - other.box.x || one.box.y - other.box.y);
}
