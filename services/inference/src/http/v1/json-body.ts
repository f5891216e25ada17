import type { IncomingMessage } from 'node:http';
import { FaceHashError } from '@facehash/kernel';
import type { z } from 'zod';
import type { ByteBudget } from '../body/byte-budget.js';
import { wholeBody } from '../body/chunks.js';
import { jsonOf } from '../body/image-body.js';
import { isJson, mediaTypeOf } from '../body/media-type.js';
import { parsed } from '../validation.js';

/** People, not pictures. */
const JSON_BYTES_MAX = 256 * 1024;

/** A small JSON body, checked. */
export async function readJson<T>(message: IncomingMessage, schema: z.ZodType<T>, bodies: ByteBudget): Promise<T> {
  if (!isJson(mediaTypeOf(message.headers)))
    throw new FaceHashError('MEDIA_TYPE_UNSUPPORTED', { detail: 'this call takes application/json' });
  using held = bodies.claim();
  return parsed(schema, jsonOf(await wholeBody(message, JSON_BYTES_MAX, held)));
}
