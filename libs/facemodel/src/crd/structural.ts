import { z } from 'zod';
import { CEL_RULES } from '../rules.js';

/** A node of a schema, of JSON Schema or of a resource definition. */
export type Node = Readonly<Record<string, unknown>>;

/**
 * A schema as Kubernetes takes it. Kubernetes knows a part of OpenAPI 3.0 ("structural schemas"): no references and no alternatives, null as
 * an attribute, an exclusive minimum as an attribute. Unknown fields are no matter of the schema there: the API server prunes them, and
 * warns or refuses as the client asks.
 */
export function structural(schema: z.ZodType): Node {
  return node(z.toJSONSchema(schema, { io: 'input' }));
}

const INT32_MAX = 2 ** 31 - 1;
/** Said otherwise, said by Kubernetes itself, or the widest that JavaScript has. */
const dropped = ['$schema', 'additionalProperties', 'propertyNames', 'readOnly', 'anyOf'];

function node(from: unknown): Node {
  if (!isNode(from)) throw new TypeError('a schema that is no object has no place in a resource definition');
  const { inner, nullable } = withoutNull(from);
  const { description, type, default: preset, ...others } = inner;
  const all = {
    description,
    type,
    nullable: nullable ? true : undefined,
    // Null is what an absent field stands for, and Kubernetes knows no default of null.
    default: preset ?? undefined,
    ...others,
    ...byType(inner),
  };
  const kept = Object.fromEntries(Object.entries(all).filter(([key, value]) => value !== undefined && !dropped.includes(key)));
  // The rules are tried on the default before the fields in it get theirs.
  return CEL_RULES in kept && 'default' in kept ? { ...kept, default: filledIn(kept) } : kept;
}

/** What an object becomes of which nothing is said. */
function filledIn({ properties, default: preset }: Node): unknown {
  if (!isNode(properties)) return preset;
  const fields = Object.entries(properties).map(([name, property]) => [name, isNode(property) ? filledIn(property) : undefined] as const);
  return preset === undefined ? undefined : Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

/** `anyOf: [X, null]` is how JSON Schema says that X may be null. What stands beside it belongs to X. */
function withoutNull(from: Node): { readonly inner: Node; readonly nullable: boolean } {
  const { anyOf } = from;
  if (!Array.isArray(anyOf)) return { inner: from, nullable: false };
  const others: readonly unknown[] = anyOf.filter((option: unknown) => isNode(option) && option['type'] !== 'null');
  const [only] = others;
  if (others.length !== 1 || !isNode(only)) throw new TypeError('Kubernetes knows no alternatives but null');
  return { inner: { ...only, ...from, anyOf: undefined }, nullable: others.length < anyOf.length };
}

function byType(from: Node): Node {
  switch (from['type']) {
    case 'object':
      return ofObject(from);
    case 'array':
      return { items: node(from['items']), 'x-kubernetes-list-type': from['x-kubernetes-list-type'] ?? 'atomic' };
    case 'integer':
      return { ...bounds(from), format: largest(from) <= INT32_MAX ? 'int32' : 'int64' };
    case 'number':
      return { ...bounds(from), format: 'double' };
    default:
      return {};
  }
}

function ofObject({ properties }: Node): Node {
  if (!isNode(properties)) throw new TypeError('a map has no bounds here: name its fields');
  return { properties: Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, node(property)])) };
}

/** zod writes the widest safe integers where the schema has no bound: those say nothing. */
function bounds({ minimum, maximum, exclusiveMinimum }: Node): Node {
  return {
    minimum: exclusiveMinimum ?? (minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum),
    exclusiveMinimum: exclusiveMinimum === undefined ? undefined : true,
    maximum: maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum,
  };
}

function largest({ maximum }: Node): number {
  return typeof maximum === 'number' ? maximum : Number.MAX_SAFE_INTEGER;
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
