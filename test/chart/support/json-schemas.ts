import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

/** Of JSON Schema, in the dialect of OpenAPI or in draft 4, which is what kubeconform reads. */
export type Schema = Readonly<Record<string, unknown>>;

type Schemas = Readonly<Record<string, Schema>>;

export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

interface OpenApi {
  readonly definitions: Schemas;
}

interface CustomResourceDefinition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
/** What a value must be, and nothing for people or for machines of another kind. */
const checked = [
  ...['type', 'enum', 'required', 'pattern', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...['minLength', 'maxLength', 'minItems', 'maxItems', 'uniqueItems', 'minProperties', 'maxProperties'],
];
const textOrInteger: Schema = { anyOf: [{ type: 'string' }, { type: 'integer' }] };
const textOrNumber: Schema = { anyOf: [{ type: 'string' }, { type: 'number' }] };
/** What the API server reads in more than one way, and says of it that it is a text. */
const readInTwoWays: Schemas = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': textOrInteger,
  'io.k8s.apimachinery.pkg.api.resource.Quantity': textOrNumber,
};

/** Schemas of everything that one minor of Kubernetes takes. */
export async function kubernetesSchemas(openApiFile: string): Promise<KubernetesSchemas> {
  return new KubernetesSchemas(JSON.parse(await readFile(openApiFile, 'utf8')) as OpenApi);
}

export class KubernetesSchemas {
  readonly #definitions: Schemas;

  constructor({ definitions }: OpenApi) {
    this.#definitions = definitions;
  }

  /** Complete in itself, and nothing is allowed that it does not name. Undefined where this minor has no such kind. */
  of(kind: Kind): Schema | undefined {
    const found = Object.entries(this.#definitions).find(([, definition]) => isOf(definition, kind));
    return found && this.#withDefinitions(strict(found[1]));
  }

  /** Of a kind that a resource definition brings. */
  custom(schema: Schema): Schema {
    const { properties = {}, ...others } = strict(schema) as { readonly properties?: Schemas };
    const common = { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { $ref: `#/definitions/${OBJECT_META}` } };
    return this.#withDefinitions({ ...others, properties: { ...properties, ...common } });
  }

  #withDefinitions(schema: Schema): Schema {
    const definitions: Record<string, Schema> = {};
    const add = (from: Schema): void => {
      for (const name of referencesIn(from)) {
        if (name in definitions) continue;
        definitions[name] = readInTwoWays[name] ?? strict(this.#definitions[name] ?? {});
        add(definitions[name]);
      }
    };
    add(schema);
    return { ...schema, definitions };
  }
}

/** Of the kind that each file defines, in each of its versions. */
export async function customSchemas(files: readonly string[]): Promise<readonly (Kind & { readonly schema: Schema })[]> {
  const objects = await Promise.all(files.map(async (file) => parse(await readFile(file, 'utf8')) as CustomResourceDefinition));
  return objects.flatMap(({ spec: { group, names, versions } }) =>
    versions.map(({ name, schema }) => ({ group, version: name, kind: names.kind, schema: schema.openAPIV3Schema })),
  );
}

function isOf(definition: Schema, { group, version, kind }: Kind): boolean {
  const kinds = (definition['x-kubernetes-group-version-kind'] ?? []) as readonly Kind[];
  const [only] = kinds;
  return kinds.length === 1 && only?.group === group && only.version === version && only.kind === kind;
}

/** As the API server would judge by it, with one difference: a field that is not named is a mistake and not ignored. */
function strict(schema: Schema): Schema {
  if (typeof schema['$ref'] === 'string') return { $ref: schema['$ref'] };
  if (schema['x-kubernetes-int-or-string'] === true) return textOrInteger;
  const { properties, items, additionalProperties, nullable } = schema as {
    readonly properties?: Schemas;
    readonly items?: Schema;
    readonly additionalProperties?: Schema | boolean;
    readonly nullable?: boolean;
  };
  const result: Schema = {
    ...Object.fromEntries(Object.entries(schema).filter(([name]) => checked.includes(name))),
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, strict(each)])) }),
    ...(items && { items: strict(items) }),
    ...combinations(schema),
    ...(typeof additionalProperties === 'object' && { additionalProperties: strict(additionalProperties) }),
    ...(properties && additionalProperties === undefined && !isOpen(schema) && { additionalProperties: false }),
  };
  return nullable === true ? { anyOf: [{ type: 'null' }, result] } : result;
}

/** Their parts say what must hold beside what stands around them, and name no further fields. */
function combinations(schema: Schema): Schema {
  const open = (each: Schema): Schema => strict({ ...each, 'x-kubernetes-preserve-unknown-fields': true });
  const lists = ['allOf', 'anyOf', 'oneOf'].filter((name) => Array.isArray(schema[name]));
  return {
    ...Object.fromEntries(lists.map((name) => [name, (schema[name] as readonly Schema[]).map(open)])),
    ...(typeof schema['not'] === 'object' && { not: open(schema['not'] as Schema) }),
  };
}

function isOpen(schema: Schema): boolean {
  return schema['x-kubernetes-preserve-unknown-fields'] === true || schema['x-kubernetes-embedded-resource'] === true;
}

/** JSON Schema itself is described among them, as an object with a field `$ref`, which is no reference. */
function referencesIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]: [string, unknown]) =>
    name === '$ref' && typeof each === 'string' ? [each.slice('#/definitions/'.length)] : referencesIn(each),
  );
}
