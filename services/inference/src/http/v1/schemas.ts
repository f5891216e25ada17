import { z } from 'zod';
import { component } from '../openapi/schema-registry.js';

const NAME_CHARACTERS_MAX = 200;
const METADATA_VALUE_CHARACTERS_MAX = 500;

/** As the registry keeps it: trimmed, in Unicode's composed form. */
export const personName = z
  .string('must be a string')
  .normalize('NFC')
  .trim()
  .min(1, 'must not be empty')
  .max(NAME_CHARACTERS_MAX, `must have at most ${NAME_CHARACTERS_MAX} characters`)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters');

/** What can be stored as it is: half a character cannot be written as UTF-8, and would come back as another one. */
const wholeText = z.string().regex(/^\P{Cs}*$/u, 'must not hold half a surrogate pair');

const personFields = {
  name: personName,
  externalId: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters')
    .nullable(),
  metadata: z.record(wholeText.max(100), wholeText.max(METADATA_VALUE_CHARACTERS_MAX)),
};

export const newPersonSchema = component(
  'NewPerson',
  z.strictObject({
    name: personFields.name,
    externalId: personFields.externalId.exactOptional(),
    metadata: personFields.metadata.exactOptional(),
  }),
);

export const personChangeSchema = component(
  'PersonChange',
  z
    .strictObject({
      name: personFields.name.exactOptional(),
      externalId: personFields.externalId.exactOptional(),
      metadata: personFields.metadata.exactOptional(),
    })
    .refine((change) => Object.keys(change).length > 0, 'must change something'),
);

export const personSchema = component(
  'Person',
  z.strictObject({
    id: z.string(),
    name: z.string(),
    externalId: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    createdAt: z.string().meta({ description: 'ISO 8601, UTC.' }),
  }),
);

export const qualitySchema = component(
  'FaceQuality',
  z.strictObject({
    sizePx: z.number().meta({ description: 'Shorter side of the face, pixels.' }),
    sharpness: z.number().meta({ description: 'Variance of the Laplacian of the aligned face: low means blurred.' }),
    brightness: z.number().meta({ description: 'Mean grey level of the aligned face, 0 to 255.' }),
    turn: z.number().meta({ description: 'How far the head is turned to a side: 0 from the front, 1 in profile.' }),
  }),
);

const photoSchema = component(
  'Photo',
  z.strictObject({
    id: z.string().meta({ description: 'SHA-256 of the bytes as they came.' }),
    sizeBytes: z.int(),
    addedAt: z.string(),
    quality: qualitySchema,
  }),
);

const next = z.string().nullable().meta({ description: 'Pass it as `cursor` for the next page; null at the end.' });
export const personPageSchema = component('PersonPage', z.strictObject({ items: z.array(personSchema), next }));
export const photoPageSchema = component('PhotoPage', z.strictObject({ items: z.array(photoSchema), next }));

export const photoRemovedSchema = component(
  'PhotoRemoved',
  z.strictObject({
    photoId: z.string(),
    snapshot: z.int().meta({ description: 'A version whose snapshot is this or newer was trained without the photo.' }),
  }),
);

/** The receipt. */
export const erasureSchema = component(
  'Erasure',
  z.strictObject({
    personId: z.string(),
    state: z.enum(['Masking', 'Erasing', 'Erased']),
    photos: z.int().meta({ description: 'How many the person had.' }),
    requestedAt: z.string(),
    maskedAt: z.string().nullable().meta({ description: 'From then on no replica names the person.' }),
    completedAt: z
      .string()
      .nullable()
      .meta({ description: 'From then on nothing is stored of their photos, nor of what was computed or trained from them.' }),
  }),
);
export const erasurePageSchema = component('ErasurePage', z.strictObject({ items: z.array(erasureSchema), next }));

export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(500).optional().meta({ description: '`next` of the page before.' }),
});

export const addPhotosQuery = z.strictObject({
  force: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'Also photos that are enrolled under another person: they are then photos of both.' }),
});

const photoResultSchema = component(
  'PhotoResult',
  z.discriminatedUnion('outcome', [
    z.strictObject({ index: z.int(), outcome: z.enum(['accepted', 'duplicate']), photoId: z.string(), quality: qualitySchema }),
    z.strictObject({ index: z.int(), outcome: z.literal('rejected'), code: z.string(), detail: z.string() }),
  ]),
);

export const photosTakenSchema = component(
  'PhotosTaken',
  z.strictObject({
    photos: z.array(photoResultSchema).meta({ description: 'In the order of the request.' }),
    snapshot: z
      .int()
      .nullable()
      .meta({ description: 'A version whose snapshot is this or newer was trained on them; null when none was taken.' }),
  }),
);

export const rejectedPhotoSchema = component('RejectedPhoto', z.strictObject({ index: z.int(), code: z.string(), detail: z.string() }));
