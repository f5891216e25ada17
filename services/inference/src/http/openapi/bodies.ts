import type { ApiOperationOptions } from '@nestjs/swagger';

export type BodyKind = 'image' | 'pair' | 'train' | 'photos';

export type RequestBody = Extract<NonNullable<ApiOperationOptions['requestBody']>, { content: unknown }>;
type Content = RequestBody['content'];

const binary = { type: 'string', contentMediaType: 'application/octet-stream' };
const base64 = { type: 'string', contentEncoding: 'base64' };

const oneImage: Content = {
  'image/*': { schema: binary },
  'application/octet-stream': { schema: binary },
  'text/plain': { schema: base64 },
  'application/x-www-form-urlencoded': { schema: base64 },
};

type Members = Record<string, { type: string }>;

function pairOf(image: Members[string], second: Members) {
  return { type: 'object', properties: { image, ...second }, required: ['image', ...Object.keys(second)], additionalProperties: false };
}

/** Bodies that are read as streams, which no schema of ours checks as a whole. */
export const streamedBodies: Readonly<Record<BodyKind, RequestBody>> = {
  image: {
    required: true,
    description:
      'One image: JPEG, PNG, WebP, GIF (first frame), AVIF or TIFF, as bytes or as base64. Text may be base64 in any customary form, also a data URI, or Python’s `str()` of bytes.',
    content: {
      ...oneImage,
      'multipart/form-data': { schema: { type: 'object', properties: { image: binary } } },
      'application/json': { schema: { type: 'object', properties: { image: base64 }, required: ['image'], additionalProperties: false } },
    },
  },
  pair: {
    required: true,
    description: 'An image, and beside it another one (`other`) or the id of an enrolled person (`personId`).',
    content: {
      'multipart/form-data': { schema: { oneOf: [pairOf(binary, { other: binary }), pairOf(binary, { personId: { type: 'string' } })] } },
      'application/json': { schema: { oneOf: [pairOf(base64, { other: base64 }), pairOf(base64, { personId: { type: 'string' } })] } },
    },
  },
  train: {
    required: true,
    description: 'A name and 1 to 500 photos. The name should come first: photos are taken in while the rest arrives.',
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: {
            username: { type: 'string', minLength: 1, maxLength: 200 },
            images: { type: 'array', items: base64, minItems: 1, maxItems: 500 },
          },
          required: ['username', 'images'],
          additionalProperties: false,
        },
      },
      'multipart/form-data': {
        schema: {
          type: 'object',
          properties: { username: { type: 'string' }, images: { type: 'array', items: binary } },
          required: ['username', 'images'],
        },
      },
      'application/x-www-form-urlencoded': {
        schema: {
          type: 'object',
          properties: { username: { type: 'string' }, images: { type: 'array', items: base64 } },
          required: ['username', 'images'],
        },
      },
    },
  },
  photos: {
    required: true,
    description: 'One image as in any other call, or up to 500 in one body.',
    content: {
      ...oneImage,
      'multipart/form-data': { schema: { type: 'object', properties: { images: { type: 'array', items: binary } } } },
      'application/json': {
        schema: {
          oneOf: [
            { type: 'object', properties: { image: base64 }, required: ['image'], additionalProperties: false },
            {
              type: 'object',
              properties: { images: { type: 'array', items: base64, minItems: 1, maxItems: 500 } },
              required: ['images'],
              additionalProperties: false,
            },
          ],
        },
      },
    },
  },
};
