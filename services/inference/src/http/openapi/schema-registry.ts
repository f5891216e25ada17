import { z } from 'zod';

type JsonSchema = Record<string, unknown>;

const named = z.registry<{ id: string }>();
const PREFIX = '#/components/schemas/';

/** Gives a schema its name in the API document: wherever it is used there, it is referred to. */
export function component<T extends z.ZodType>(id: string, schema: T): T {
  named.add(schema, { id });
  return schema;
}

export function refTo(schema: z.ZodType): { readonly $ref: string } {
  const id = named.get(schema)?.id;
  if (id === undefined) throw new Error('the schema has no name: wrap it in component()');
  return { $ref: `${PREFIX}${id}` };
}

/** Every named schema as JSON Schema 2020-12, which is what OpenAPI 3.1 takes. */
export function componentSchemas(): Record<string, JsonSchema> {
  const { schemas } = z.toJSONSchema(named, { uri: (id) => `${PREFIX}${id}`, io: 'input' });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutIdentity(schema)]));
}

/** A schema in place, for parameters. */
export function inlineSchema(schema: z.ZodType): JsonSchema {
  return withoutIdentity(z.toJSONSchema(schema, { io: 'input' }));
}

/** The document says which dialect it is, and the place says who it is. */
function withoutIdentity(schema: object): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id'));
}
