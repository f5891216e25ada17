import fc, { type Arbitrary } from 'fast-check';

// What is done to bytes that were right. Each mutation is small and printable; applied to the same bytes it always gives the same.

/** Where, in 65,536ths of the length: a plan does not depend on how long its victim is. */
type Place = number;

export type Mutation =
  | { readonly kind: 'flip'; readonly at: Place; readonly bits: number }
  | { readonly kind: 'insert'; readonly at: Place; readonly bytes: readonly number[] }
  | { readonly kind: 'delete'; readonly at: Place; readonly length: number }
  | { readonly kind: 'truncate'; readonly at: Place }
  | { readonly kind: 'repeat'; readonly at: Place; readonly length: number; readonly times: number }
  /** The rest is another victim's. */
  | { readonly kind: 'splice'; readonly at: Place; readonly other: number; readonly from: Place }
  /** A number of 1, 2 or 4 bytes at a place of its own among the first hundreds, where headers are. */
  | { readonly kind: 'header'; readonly offset: number; readonly size: 1 | 2 | 4; readonly value: number };

const place: Arbitrary<Place> = fc.nat({ max: 65_535 });
const byte = fc.nat({ max: 255 });
/** Numbers at which lengths, signs and multiplications go wrong. */
const telling = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff), fc.nat());

const mutation: Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: place, bits: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('insert' as const), at: place, bytes: fc.array(byte, { minLength: 1, maxLength: 32 }) }),
  fc.record({ kind: fc.constant('delete' as const), at: place, length: fc.integer({ min: 1, max: 2000 }) }),
  fc.record({ kind: fc.constant('truncate' as const), at: place }),
  fc.record({
    kind: fc.constant('repeat' as const),
    at: place,
    length: fc.integer({ min: 1, max: 500 }),
    times: fc.integer({ min: 1, max: 200 }),
  }),
  fc.record({ kind: fc.constant('splice' as const), at: place, other: fc.nat({ max: 1000 }), from: place }),
  fc.record({
    kind: fc.constant('header' as const),
    offset: fc.nat({ max: 400 }),
    size: fc.constantFrom(1 as const, 2 as const, 4 as const),
    value: telling,
  }),
);

export const mutations: Arbitrary<readonly Mutation[]> = fc.array(mutation, { minLength: 1, maxLength: 4 });

/** The bytes after all of it; those that were given stay as they are. */
export function mutated(original: Uint8Array, plan: readonly Mutation[], others: readonly Uint8Array[]): Buffer {
  return plan.reduce<Buffer>((bytes, step) => applied(bytes, step, others), Buffer.from(original));
}

function applied(bytes: Buffer, step: Mutation, others: readonly Uint8Array[]): Buffer {
  const at = 'at' in step ? Math.floor((step.at / 65_536) * bytes.length) : 0;
  switch (step.kind) {
    case 'flip':
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ step.bits;
      return bytes;
    case 'insert':
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(step.bytes), bytes.subarray(at)]);
    case 'delete':
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + step.length)]);
    case 'truncate':
      return bytes.subarray(0, at);
    case 'repeat': {
      const piece = bytes.subarray(at, at + step.length);
      return Buffer.concat([bytes.subarray(0, at), ...Array.from({ length: step.times }, () => piece), bytes.subarray(at)]);
    }
    case 'splice': {
      const other = Buffer.from(others[step.other % others.length] ?? []);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(Math.floor((step.from / 65_536) * other.length))]);
    }
    case 'header':
      if (step.offset + step.size <= bytes.length) bytes.writeUIntBE(step.value % 256 ** step.size, step.offset, step.size);
      return bytes;
  }
}
