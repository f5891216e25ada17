import type { IncomingMessage } from 'node:http';
import { FaceHashError, hasCode } from '@facehash/kernel';
import { z } from 'zod';
import { invalid } from '../failure.js';
import { parsed } from '../validation.js';
import type { Claim } from './byte-budget.js';
import { bodyChunks, tooLargePart } from './chunks.js';
import { fromAnything, fromField } from './image-body.js';
import { jsonPieces, type JsonPiece } from './json-photos.js';
import { isJson, isRawImage, isVague, mediaTypeOf } from './media-type.js';
import { partsOf, type Part } from './parts.js';
import { looksLikeJson, peek } from './sniff.js';

/** As many as one call takes; the ancestor's clients send 100. */
const PHOTOS_MAX = 500;

/** What a body of photos holds, in its order. A photo that is no image by its looks alone is told apart here and fails by itself. */
export type Incoming =
  | { readonly kind: 'username'; readonly value: unknown }
  | { readonly kind: 'photo'; readonly index: number; readonly bytes: Uint8Array }
  | { readonly kind: 'unreadable'; readonly index: number; readonly detail: string };

export interface PhotoBodyLimits {
  readonly bytesMax: number;
  /** Of one photo, as it is sent. */
  readonly photoBytesMax: number;
  readonly held: Claim;
}

/** What the two calls that take photos understand. `username` is part of the ancestor's call only. */
export interface PhotoBody {
  readonly username: boolean;
}

/**
 * Photos as they arrive: a JSON object with `images`, or a form with one part each, and for a body without a username also one image by itself.
 * Nothing is read ahead of what is asked for. Throws REQUEST_INVALID, BODY_TOO_LARGE, MEDIA_TYPE_UNSUPPORTED or OVERLOADED.
 */
export async function* incomingPhotos(message: IncomingMessage, body: PhotoBody, limits: PhotoBodyLimits): AsyncGenerator<Incoming, void> {
  const mediaType = mediaTypeOf(message.headers);
  const chunks = bodyChunks(message, limits.bytesMax);
  if (mediaType === 'multipart/form-data') yield* fromForm(message, chunks, { body, limits });
  else if (isJson(mediaType)) yield* fromJson(chunks, { body, limits });
  else if (isVague(mediaType)) {
    const { head, all } = await peek(chunks);
    if (looksLikeJson(head)) yield* fromJson(all, { body, limits });
    else if (body.username) yield* fromForm(message, all, { body, limits });
    else yield* single(all, limits);
  } else if (isRawImage(mediaType) && !body.username) yield* single(chunks, limits);
  else throw new FaceHashError('MEDIA_TYPE_UNSUPPORTED');
}

interface Reading {
  readonly body: PhotoBody;
  readonly limits: PhotoBodyLimits;
}

async function* single(chunks: AsyncIterable<Buffer>, { held, photoBytesMax }: PhotoBodyLimits): AsyncGenerator<Incoming, void> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > photoBytesMax) throw tooLargePart(photoBytesMax);
    held.take(chunk.length);
    pieces.push(chunk);
  }
  if (size === 0) throw invalid({ path: 'body', message: 'is empty' });
  yield await photo(0, () => fromAnything(Buffer.concat(pieces), held));
}

async function* fromJson(chunks: AsyncIterable<Buffer>, { body, limits }: Reading): AsyncGenerator<Incoming, void> {
  const seen = new Set<string>();
  const keys = ['images', body.username ? 'username' : 'image'];
  for await (const piece of jsonPieces(chunks, { keys, valueBytesMax: limits.photoBytesMax, held: limits.held })) {
    if ('key' in piece) {
      if (seen.has(piece.key)) throw invalid({ path: piece.key, message: 'is given twice' });
      seen.add(piece.key);
    }
    const incoming = await ofPiece(piece, limits.held);
    if (incoming) yield incoming;
  }
}

const text = z.string('must be a string: the image in base64');

async function ofPiece(piece: JsonPiece, held: Claim): Promise<Incoming | undefined> {
  if ('index' in piece) return photoOfText(checkedIndex(piece.index), parsed(text, piece.value, `images.${piece.index}`), held);
  const { key, value } = piece;
  if (key === 'images') {
    parsed(z.array(z.unknown(), 'must be an array of images in base64'), value, 'images');
    return undefined;
  }
  if (key === 'username') return { kind: 'username', value };
  return photoOfText(0, parsed(text, value, 'image'), held);
}

/** Names of text fields that hold an image in base64. Files may have any name. */
const imageFields = new Set(['images', 'image', 'images[]']);

async function* fromForm(
  message: IncomingMessage,
  chunks: AsyncIterable<Buffer>,
  { body, limits }: Reading,
): AsyncGenerator<Incoming, void> {
  let index = 0;
  let named = false;
  const partLimits = { partBytesMax: limits.photoBytesMax, partsMax: PHOTOS_MAX + 2, held: limits.held };
  for await (const part of partsOf(message, chunks, partLimits)) {
    if (part.kind === 'field' && part.name === 'username' && body.username) {
      if (named) throw invalid({ path: 'username', message: 'is given twice' });
      named = true;
      yield { kind: 'username', value: part.value };
    } else {
      yield await ofPart(part, checkedIndex(index++), limits.held);
    }
  }
}

function ofPart(part: Part, index: number, held: Claim): Promise<Incoming> {
  if (part.kind === 'file') return photo(index, () => fromAnything(part.bytes, held));
  if (!imageFields.has(part.name)) throw invalid({ path: part.name.slice(0, 100), message: 'is not known here' });
  return photoOfText(index, part.value, held);
}

function photoOfText(index: number, value: string, held: Claim): Promise<Incoming> {
  return photo(index, () => fromField(value, held));
}

/** One photo that cannot be read must not fail its neighbours. */
async function photo(index: number, read: () => Promise<Uint8Array>): Promise<Incoming> {
  try {
    return { kind: 'photo', index, bytes: await read() };
  } catch (error) {
    if (!hasCode(error, 'IMAGE_UNREADABLE')) throw error;
    const { detail } = error.details;
    return { kind: 'unreadable', index, detail: typeof detail === 'string' ? detail : error.message };
  }
}

function checkedIndex(index: number): number {
  if (index >= PHOTOS_MAX) throw invalid({ path: 'images', message: `must have at most ${PHOTOS_MAX} elements` });
  return index;
}
