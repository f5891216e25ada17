import type { IncomingMessage } from 'node:http';
import { FaceHashError } from '@facehash/kernel';
import { z } from 'zod';
import { invalid } from '../failure.js';
import { parsed } from '../validation.js';
import type { Claim } from './byte-budget.js';
import { bodyChunks, wholeBody } from './chunks.js';
import { imageOfText } from './image-text.js';
import { jsonPiecesOf } from './json-photos.js';
import { isJson, isRawImage, isVague, mediaTypeOf } from './media-type.js';
import { partsOf } from './parts.js';
import { looksLikeJson, looksLikeText } from './sniff.js';

export interface BodyLimits {
  readonly bytesMax: number;
  readonly held: Claim;
}

/**
 * The one image of a request, in whichever way it was sent: raw, multipart, JSON, base64 text, or however the ancestor's clients meant it.
 * Throws IMAGE_UNREADABLE, REQUEST_INVALID, BODY_TOO_LARGE, MEDIA_TYPE_UNSUPPORTED or OVERLOADED.
 */
export async function readImage(message: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const mediaType = mediaTypeOf(message.headers);
  if (mediaType === 'multipart/form-data') return fromMultipart(message, limits);
  if (!isRawImage(mediaType) && !isJson(mediaType) && !isVague(mediaType)) throw new FaceHashError('MEDIA_TYPE_UNSUPPORTED');
  const body = await wholeBody(message, limits.bytesMax, limits.held);
  if (body.length === 0) throw new FaceHashError('IMAGE_UNREADABLE', { detail: 'the body is empty' });
  if (isJson(mediaType)) return fromJson(body);
  return isVague(mediaType) ? fromAnything(body) : body;
}

/** A body whose type says nothing: raw bytes, JSON or text, by its looks. */
export function fromAnything(body: Buffer): Buffer {
  if (!looksLikeText(body)) return body;
  return looksLikeJson(body) ? fromJson(body) : imageOfText(body.toString('latin1'));
}

/** An object with `image`, or the text by itself. Read piece by piece: what JSON.parse makes of hostile nesting is many times its size. */
function fromJson(body: Buffer): Buffer {
  if (/^\s*"/.test(body.subarray(0, 64).toString('latin1'))) return imageOfText(parsed(z.string(), jsonOf(body)));
  const pieces = jsonPiecesOf(body);
  const [image] = pieces;
  for (const piece of pieces) {
    const key = 'key' in piece ? piece.key : 'images';
    if (key !== 'image') throw invalid({ path: key.slice(0, 100), message: 'is not known here' });
  }
  if (pieces.length !== 1) throw invalid({ path: 'image', message: image ? 'is given twice' : 'is missing' });
  return imageOfText(parsed(z.string('must be a string: the image in base64'), image?.value, 'image'));
}

export function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new FaceHashError('REQUEST_INVALID', { problems: [{ path: 'body', message: 'is not JSON' }] }, { cause });
  }
}

/** The name of the part does not matter, but there must be one. */
async function fromMultipart(message: IncomingMessage, { bytesMax, held }: BodyLimits): Promise<Buffer> {
  const images: Buffer[] = [];
  for await (const part of partsOf(message, bodyChunks(message, bytesMax), { partBytesMax: bytesMax, partsMax: 2, held })) {
    const image = part.kind === 'file' ? part.bytes : imageOfText(part.value);
    held.take(image.length);
    images.push(image);
  }
  const [image] = images;
  if (images.length !== 1 || !image) throw invalid({ path: 'body', message: `must have one part, the image, not ${images.length}` });
  return image;
}
