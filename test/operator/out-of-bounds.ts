import { isNode, type Node } from '@facehash/facemodel/crd';

/** A spec with one value beyond what its field takes. */
export interface OutOfBounds {
  /** Dotted path of the field, from `spec` on. */
  readonly path: string;
  readonly value: unknown;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** What a field needs around it so that nothing else is wrong. */
const around: Readonly<Record<string, object>> = {
  'spec.serving.replicas': { serving: { mode: 'Dedicated' } },
  'spec.serving.autoscaling': { serving: { mode: 'Dedicated', autoscaling: { maxReplicas: 100 } } },
  'spec.limits.burst': { limits: { requestsPerSecond: 1 } },
};

/** For each bound of each field below the schema one value that is just beyond it, and one of another type. */
export function outOfBounds(schema: Node, path = 'spec'): readonly OutOfBounds[] {
  const { properties } = schema;
  if (!isNode(properties)) return beyond(schema).map((value) => ({ path, value, spec: specWith(path, value) }));
  return Object.entries(properties).flatMap(([name, property]) => (isNode(property) ? outOfBounds(property, `${path}.${name}`) : []));
}

function beyond(field: Node): readonly unknown[] {
  switch (field['type']) {
    case 'string':
      return Array.isArray(field['enum']) ? ['Other', 1] : [...texts(field), 1];
    case 'array':
      return [...lists(field), 1];
    case 'boolean':
      return ['yes', 1];
    default:
      return [...numbers(field), '1'];
  }
}

function texts({ minLength, maxLength, pattern }: Node): readonly string[] {
  const long = 'a'.repeat(Number(maxLength) + 1);
  const short = minLength === undefined ? [] : ['a'.repeat(Number(minLength) - 1)];
  return [long, ...short, ...(pattern === undefined ? [] : ['-'.repeat(10), 'UPPER-CASE', 'two words'])];
}

function lists({ maxItems, items }: Node): readonly unknown[] {
  const inner: Node = isNode(items) ? items : {};
  return [Array.from({ length: Number(maxItems) + 1 }, () => inner['minimum']), ...beyond(inner).map((value) => [value])];
}

function numbers({ type, minimum, maximum, exclusiveMinimum }: Node): readonly number[] {
  const step = type === 'integer' ? 1 : 0.000001;
  const low = exclusiveMinimum === true ? Number(minimum) : Number(minimum) - step;
  return [low, Number(maximum) + step, ...(type === 'integer' ? [Number(minimum) + 0.5] : [])];
}

function specWith(path: string, value: unknown): Readonly<Record<string, unknown>> {
  const [, given] = Object.entries(around).find(([start]) => path === start || path.startsWith(`${start}.`)) ?? [];
  const spec = structuredClone(given ?? {}) as Record<string, unknown>;
  const [last = '', ...parents] = path.split('.').slice(1).reverse();
  let at = spec;
  for (const name of parents.reverse()) at = (at[name] ??= {}) as Record<string, unknown>;
  at[last] = value;
  return spec;
}
