import { isNode, type Node } from './structural.js';

/** A field as the reference lists it. */
export interface Field {
  /** Dotted; `[]` behind a list. */
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  /** As JSON; empty: there is none. */
  readonly default: string;
  readonly bounds: string;
  readonly description: string;
}

/** Every field below a structural schema, each object before what is in it. */
export function fieldsOf(schema: Node, path = ''): readonly Field[] {
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return Object.entries(propertiesOf(schema)).flatMap(([name, property]) => {
    const below = path === '' ? name : `${path}.${name}`;
    const field: Field = {
      path: below,
      type: typeOf(property),
      required: required.includes(name),
      default: defaultOf(property),
      bounds: boundsOf(property),
      description: textOf(property['description']),
    };
    const { items } = property;
    return [field, ...fieldsOf(property, below), ...(isNode(items) ? fieldsOf(items, `${below}[]`) : [])];
  });
}

/** Every rule of a structural schema, with the path of the field that it blames. */
export function rulesOf(schema: Node, key: string, path = ''): readonly { readonly path: string; readonly message: string }[] {
  const rules: readonly unknown[] = Array.isArray(schema[key]) ? schema[key] : [];
  const own = rules
    .filter(isNode)
    .map(({ fieldPath, message }) => ({ path: `${path}${textOf(fieldPath)}`.replace(/^\./, ''), message: textOf(message) }));
  const below = Object.entries(propertiesOf(schema)).flatMap(([name, property]) => rulesOf(property, key, `${path}.${name}`));
  return [...own, ...below];
}

function propertiesOf({ properties }: Node): Readonly<Record<string, Node>> {
  return isNode(properties)
    ? Object.fromEntries(Object.entries(properties).filter((entry): entry is [string, Node] => isNode(entry[1])))
    : {};
}

function typeOf({ type, enum: options, nullable, format, items }: Node): string {
  const name = isNode(items) ? `list of ${typeOf(items)}` : format === 'date-time' ? 'time' : textOf(type);
  const one = Array.isArray(options) ? options.join(', ') : name;
  return nullable === true ? `${one}, null` : one;
}

/** That of an object is made of those of its fields. */
function defaultOf({ type, nullable, default: value }: Node): string {
  if (type === 'object') return nullable === true ? 'null' : '';
  if (value === undefined) return nullable === true ? 'null' : '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function boundsOf(field: Node): string {
  const { minLength, maxLength, maxItems, items, pattern } = field;
  const parts = [range(field, ''), range({ minimum: minLength, maximum: maxLength }, ' characters')];
  if (maxItems !== undefined) parts.push(`at most ${textOf(maxItems)} items`);
  if (isNode(items)) parts.push(boundsOf(items));
  if (pattern !== undefined) parts.push(`\`${textOf(pattern)}\``);
  return parts.filter((part) => part !== '').join(', ');
}

function range({ minimum, maximum, exclusiveMinimum }: Node, unit: string): string {
  if (maximum === undefined) return minimum === undefined ? '' : `at least ${textOf(minimum)}${unit}`;
  if (minimum === undefined) return `at most ${textOf(maximum)}${unit}`;
  return exclusiveMinimum === true
    ? `above ${textOf(minimum)}, at most ${textOf(maximum)}${unit}`
    : `${textOf(minimum)} to ${textOf(maximum)}${unit}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
