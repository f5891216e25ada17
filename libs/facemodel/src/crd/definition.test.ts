import { conditionTypes, phases, reasons } from '../status.js';
import { customResourceDefinition, faceModelSchema } from './definition.js';
import { faceModelReference } from './reference.js';
import { isNode, type Node } from './structural.js';

/** Every node of the schema with its path. */
function nodes(schema: Node, path: string): readonly (readonly [string, Node])[] {
  const { properties, items } = schema;
  const below = isNode(properties) ? Object.entries(properties) : [];
  const inner = below.flatMap(([name, property]) => (isNode(property) ? nodes(property, `${path}.${name}`) : []));
  return [[path, schema], ...inner, ...(isNode(items) ? nodes(items, `${path}[]`) : [])];
}

const all = nodes(faceModelSchema(), '');
const wrong = (isWrong: (node: Node) => boolean): readonly string[] => all.filter(([, node]) => isWrong(node)).map(([path]) => path);

describe('the resource definition', () => {
  it('is structural: every field has one type, and nothing that Kubernetes does not know', () => {
    const known = ['description', 'type', 'nullable', 'default', 'properties', 'required', 'items', 'enum', 'pattern', 'format'];
    const bounds = ['minimum', 'maximum', 'exclusiveMinimum', 'minLength', 'maxLength', 'maxItems'];
    const kubernetes = ['x-kubernetes-validations', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys'];
    expect(all.length).toBeGreaterThan(100);
    expect(wrong(({ type }) => !['object', 'array', 'string', 'integer', 'number', 'boolean'].includes(String(type)))).toEqual([]);
    expect(wrong((node) => Object.keys(node).some((key) => ![...known, ...bounds, ...kubernetes].includes(key)))).toEqual([]);
    expect(wrong((node) => Object.values(node).some((value) => value === undefined || value === null))).toEqual([]);
  });

  it('bounds every text, list and number that an owner writes, and every text and list of a status', () => {
    const ours = ([path]: readonly [string, Node]): boolean => path.startsWith('.spec') || path.startsWith('.status');
    const unbounded = all.filter(ours).filter(([path, { type, maxLength, enum: options, maxItems, minimum, maximum }]) => {
      if (type === 'string') return maxLength === undefined && options === undefined;
      if (type === 'array') return maxItems === undefined;
      return ['integer', 'number'].includes(String(type)) && path.startsWith('.spec') && (minimum === undefined || maximum === undefined);
    });
    expect(unbounded.map(([path]) => path)).toEqual([]);
  });

  it('has a sentence for every field', () => {
    const bare = all.filter(
      ([path, { description }]) => !path.endsWith('[]') && !path.startsWith('.metadata') && !String(description).endsWith('.'),
    );
    expect(bare.map(([path]) => path)).toEqual([]);
  });

  it('is of one version that is served and stored, with a status of its own', () => {
    expect(customResourceDefinition()).toMatchObject({
      metadata: { name: 'facemodels.facehash.dev' },
      spec: { scope: 'Namespaced', versions: [{ name: 'v1alpha1', served: true, storage: true, subresources: { status: {} } }] },
    });
  });
});

describe('the reference page', () => {
  it('has every field, phase, condition and reason', () => {
    const page = faceModelReference();
    const fields = all.map(([path]) => path).filter((path) => /^\.(spec|status)\./.test(path) && !path.endsWith('[]'));
    const names = [
      ...fields.map((path) => path.replace(/^\.(spec|status)\./, '')),
      ...[phases, conditionTypes, reasons].flatMap(Object.keys),
    ];
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});
