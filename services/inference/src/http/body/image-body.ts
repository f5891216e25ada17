import type { IncomingMessage } from 'node:http';
import { FaceHashError } from '@facehash/kernel';
import { z } from 'zod';
import { invalid } from '../failure.js';
import { parsed } from '../validation.js';
import type { Claim } from './byte-budget.js';
import { bodyChunks, wholeBody } from './chunks.js';
import { imageOfText } from './image-text.js';
import { jsonPiecesOf, jsonTextOf, type JsonPiece } from './json-photos.js';
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
  if (isRawImage(mediaType)) return body;
  const image = await (isJson(mediaType) ? fromJson(body, limits.held) : fromAnything(body, limits.held));
  limits.held.release();
  limits.held.take(image.length);
  return image;
}

/** A body whose type says nothing: raw bytes, JSON or text, by its looks. JSON and text are lost: the image is read in their memory. */
export async function fromAnything(body: Buffer, held: Claim): Promise<Buffer> {
  if (!looksLikeText(body)) return body;
  return looksLikeJson(body) ? fromJson(body, held) : imageOfText(body);
}

/** An object with `image`, or the text by itself. Read piece by piece: what JSON.parse makes of hostile nesting is many times its size. */
async function fromJson(body: Buffer, held: Claim): Promise<Buffer> {
  // The text that comes out of the body, beside it.
  held.take(body.length);
  const alone = /^\s*"/.test(body.toString('latin1', 0, 64));
  const text = parsed(z.string('must be a string: the image in base64'), await (alone ? jsonTextOf(body) : imageMember(body)), 'image');
  // The body's own memory takes it in: nothing is longer than it was as JSON.
  return imageOfText(body.subarray(0, body.write(text.trim())));
}

async function imageMember(body: Buffer): Promise<unknown> {
  let image: JsonPiece | undefined;
  for await (const piece of jsonPiecesOf(body, ['image'])) {
    if (image) throw invalid({ path: 'image', message: 'is given twice' });
    image = piece;
  }
  if (!image) throw invalid({ path: 'image', message: 'is missing' });
  return image.value;
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
    const image = part.kind === 'file' ? part.bytes : await fromField(part.value, held);
    held.take(image.length);
    images.push(image);
  }
  const [image] = images;
  if (images.length !== 1 || !image) throw invalid({ path: 'body', message: `must have one part, the image, not ${images.length}` });
  return image;
}

/** Charged with the text and with the memory that it is decoded in, as long as that takes. */
export async function fromField(value: string, held: Claim): Promise<Buffer> {
  held.take(2 * value.length);
  try {
    return await imageOfText(Buffer.from(value.trim()));
  } finally {
    held.release();
  }
}
