import fc, { type Arbitrary } from 'fast-check';
import { formats, pattern } from './files.js';
import { mutated, mutations, type Mutation } from './mutations.js';
import { written, type Written } from './bodies.js';

/** One image to send: which of the originals, and what is done to it. */
export interface ImagePlan {
  readonly original: number;
  readonly mutations: readonly Mutation[];
}

export const imagePlan: Arbitrary<ImagePlan> = fc.record({ original: fc.nat({ max: 1000 }), mutations });

/** Small pictures of every format that is taken, one with a face, and of what formats can do besides. */
export async function originals(face: Buffer): Promise<readonly Buffer[]> {
  const plain = Object.values(formats).map((encode) => encode(pattern(64, 48)).toBuffer());
  const odd = [
    pattern(64, 48).png({ progressive: true }).toBuffer(),
    pattern(64, 48).png({ palette: true }).toBuffer(),
    pattern(64, 48).toColourspace('rgb16').png().toBuffer(),
    pattern(64, 48).toColourspace('cmyk').jpeg().toBuffer(),
    pattern(64, 48).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    pattern(64, 48).withIccProfile('p3').webp().toBuffer(),
    pattern(64, 48).tiff({ compression: 'jpeg' }).toBuffer(),
    pattern(64, 48).tiff({ compression: 'deflate', tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
  ];
  return [face, ...(await Promise.all([...plain, ...odd]))];
}

export function imageOf(plan: ImagePlan, from: readonly Buffer[]): Buffer {
  return mutated(from[plan.original % from.length] ?? Buffer.alloc(0), plan.mutations, from);
}

/** One request to send: what is written, and what is done to the bytes of it, head and all. */
export interface RequestPlan {
  readonly call: Written;
  /** In nine of ten requests the key is whole. */
  readonly withKey: boolean;
  readonly mutateBody: readonly Mutation[];
  /** Most heads stay whole, so that most requests come to the code behind the parser. */
  readonly mutateAll: readonly Mutation[];
}

const mediaType = fc.constantFrom(
  'application/json',
  'application/octet-stream',
  'image/jpeg',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=b',
  'multipart/form-data; boundary="b"; charset=x',
  'multipart/form-data',
  'application/problem+json; charset=utf-16',
  'video/mp4',
  '',
);

const name = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('Ann', '', '__proto__', 'n'.repeat(300), '\u0000', '\ud800', '../..', "'; --"),
);

/** Whatever JSON can say, under names that the calls know, as often as not with the type that they want. */
function json(image: string): Arbitrary<string> {
  const text = fc.oneof(fc.constant(image), fc.base64String({ maxLength: 40 }), name);
  const value = fc.oneof(text, fc.jsonValue({ maxDepth: 3 }));
  const known = fc.constantFrom('image', 'images', 'username', 'name', 'metadata', 'externalId', '__proto__', 'constructor', 'x');
  const members = fc.array(fc.tuple(known, fc.oneof(value, fc.array(text, { maxLength: 4 }))), { maxLength: 4 });
  // By hand, so that a name may come twice.
  const object = members.map((all) => `{${all.map(([key, member]) => `${JSON.stringify(key)}:${JSON.stringify(member)}`).join(',')}}`);
  return fc.oneof({ weight: 4, arbitrary: object }, { weight: 1, arbitrary: fc.json({ maxDepth: 5 }) });
}

function multipart(image: string): Arbitrary<string> {
  const boundary = fc.constantFrom('--b', '--b', '--b', '--c', '--b--', '');
  const disposition = fc.constantFrom(
    'content-disposition: form-data; name="image"; filename="a.jpg"',
    'content-disposition: form-data; name="images"',
    'content-disposition: form-data; name="username"',
    "content-disposition: form-data; name*=utf-8''%ff",
    'content-disposition: form-data',
    'content-type: image/jpeg',
  );
  const part = fc
    .tuple(boundary, disposition, fc.oneof(fc.constant(image), name))
    .map((lines) => `${lines[0]}\r\n${lines[1]}\r\n\r\n${lines[2]}`);
  return fc.tuple(fc.array(part, { maxLength: 4 }), boundary).map(([parts, last]) => [...parts, `${last}--`, ''].join('\r\n'));
}

/** Calls that take anything, but none that would leave the model without the person who is asked for in the end, and none that never ends. */
const target = fc.constantFrom<(readonly [method: string, path: string])[]>(
  ['POST', '/v1/recognize'],
  ['POST', '/v1/recognize'],
  ['POST', '/'],
  ['POST', '/train'],
  ['POST', '/v1/people'],
  ['POST', '/v1/people/per_nobody/photos'],
  ['PATCH', '/v1/people/per_nobody'],
  ['DELETE', '/v1/people/per_nobody'],
  ['GET', '/v1/people'],
  ['GET', '/v1/people/per_nobody/photos'],
  ['POST', '/v1/detect'],
  ['POST', '/v1/verify'],
  ['GET', '/v1/versions'],
  ['GET', '/v1/versions/v-none'],
  ['POST', '/v1/versions/v-none/activate'],
  ['GET', '/v1/model'],
  ['GET', '/v1/erasures/era_none'],
  ['PUT', '/v1/people'],
  ['OPTIONS', '/v1/model'],
);

const segment = fc.constantFrom('', '', '', '', '/', '//', '/..', '/%2e%2e', '/%00', '/%ff', '/x', '/train');
const parameter = fc.tuple(
  fc.constantFrom('candidates', 'landmarks', 'ratios', 'maxFaces', 'minFaceFraction', 'limit', 'cursor', 'x', '__proto__', 'a[b]'),
  fc.oneof(
    fc.constantFrom('', '0', '-1', '1e309', 'NaN', '0x10', 'true', '%00', '%ff', '1,2', '9'.repeat(400)),
    fc.string({ maxLength: 8 }).map(encodeURIComponent),
  ),
);

/** Few, so that they come again with other bodies. */
const idempotencyKey = fc.constantFrom('', '', '', 'a', 'b', 'k'.repeat(300), ' ', '"', '\u0080');

/** Requests over the calls of the API. `image` is base64 that is read and shows nobody, so that nothing is trained by accident. */
export function requestPlan(image: string): Arbitrary<RequestPlan> {
  const body = fc.oneof(json(image), multipart(image), fc.constant(image), fc.string({ unit: 'binary', maxLength: 200 }));
  const query = fc
    .array(parameter, { maxLength: 3 })
    .map((all) => (all.length === 0 ? '' : `?${all.map((pair) => pair.join('=')).join('&')}`));
  const call = fc
    .tuple(target, segment, query, body, mediaType, idempotencyKey)
    .map(([[method, path], more, search, text, type, again]) => ({
      method,
      path: `${path}${more}${search}`,
      headers: { 'content-type': type, prefer: 'respond-async', ...(again === '' ? {} : { 'idempotency-key': again }) },
      body: text,
    }));
  const rarely = fc.oneof({ weight: 8, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: mutations });
  const often = fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: mutations });
  const withKey = fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) });
  return fc.record({ call, withKey, mutateBody: often, mutateAll: rarely });
}

export function requestOf(plan: RequestPlan, key: string): Buffer {
  const body = mutated(Buffer.from(plan.call.body ?? ''), plan.mutateBody, []);
  const bytes = written({ ...plan.call, body, key: plan.withKey ? key : undefined });
  return mutated(bytes, plan.mutateAll, []);
}
