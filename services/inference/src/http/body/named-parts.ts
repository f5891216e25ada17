import type { IncomingMessage } from 'node:http';
import { FaceHashError } from '@facehash/kernel';
import { z } from 'zod';
import { invalid } from '../failure.js';
import { parsed } from '../validation.js';
import { bodyChunks } from './chunks.js';
import { fromAnything, fromField, type BodyLimits } from './image-body.js';
import { jsonPieces } from './json-photos.js';
import { isJson, mediaTypeOf } from './media-type.js';
import { partsOf } from './parts.js';

/** What a body of named members holds: images decoded, texts as they came. */
export type NamedParts = ReadonlyMap<string, Buffer | string>;

export interface PartNames {
  readonly images: readonly string[];
  readonly texts: readonly string[];
}

export interface NamedLimits extends BodyLimits {
  /** Charged with the part that is arriving; `held` with those that have arrived. */
  readonly arriving: BodyLimits['held'];
}

/** Beside the images: names, boundaries, short texts. */
const ENVELOPE_BYTES_MAX = 64 * 1024;

/**
 * A few named images and texts, as a JSON object or as a form with a file or a text each. `bytesMax` is of one image as it is sent.
 * Throws REQUEST_INVALID, IMAGE_UNREADABLE, BODY_TOO_LARGE, MEDIA_TYPE_UNSUPPORTED or OVERLOADED.
 */
export async function namedParts(message: IncomingMessage, names: PartNames, limits: NamedLimits): Promise<NamedParts> {
  const mediaType = mediaTypeOf(message.headers);
  const chunks = bodyChunks(message, names.images.length * limits.bytesMax + ENVELOPE_BYTES_MAX);
  const found = new Map<string, Buffer | string>();
  const keep = async (name: string, value: unknown): Promise<void> => {
    if (found.has(name)) throw invalid({ path: name, message: 'is given twice' });
    const part = names.images.includes(name) ? await imageOf(name, value, limits) : parsed(z.string('must be a string'), value, name);
    limits.held.take(part.length);
    found.set(name, part);
  };
  if (isJson(mediaType)) {
    const keys = [...names.images, ...names.texts];
    for await (const piece of jsonPieces(chunks, { keys, valueBytesMax: limits.bytesMax, held: limits.arriving }))
      if ('key' in piece) await keep(piece.key, piece.value);
  } else if (mediaType === 'multipart/form-data') {
    const partsMax = names.images.length + names.texts.length + 1;
    for await (const part of partsOf(message, chunks, { partBytesMax: limits.bytesMax, partsMax, held: limits.arriving })) {
      if (!names.images.includes(part.name) && (part.kind === 'file' || !names.texts.includes(part.name)))
        throw invalid({ path: part.name.slice(0, 100), message: 'is not known here' });
      await keep(part.name, part.kind === 'file' ? part.bytes : part.value);
    }
  } else {
    throw new FaceHashError('MEDIA_TYPE_UNSUPPORTED', { detail: 'this call takes application/json or multipart/form-data' });
  }
  return found;
}

async function imageOf(name: string, value: unknown, { arriving }: NamedLimits): Promise<Buffer> {
  const bytes = Buffer.isBuffer(value)
    ? await fromAnything(value, arriving)
    : await fromField(parsed(z.string('must be a string: the image in base64'), value, name), arriving);
  arriving.release();
  if (bytes.length === 0) throw new FaceHashError('IMAGE_UNREADABLE', { detail: `${name} is empty` });
  return bytes;
}
