import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { parse, stringify } from 'yaml';
import { inChart } from './helm.js';
import { idOf, type Manifest } from './manifests.js';

/**
 * As text to keep and to read: sorted, what is drawn at random masked, and what is a whole file of the chart named instead of repeated.
 * With `base`, an object that is the same there is only mentioned.
 */
export async function goldenOf(objects: readonly Manifest[], base?: { readonly name: string; readonly objects: readonly Manifest[] }) {
  const [texts, known] = [await textsOf(objects), await textsOf(base?.objects ?? [])];
  const ids = [...texts.keys()].sort();
  const same = ids.filter((id) => texts.get(id) === known.get(id));
  const other = ids.filter((id) => !same.includes(id));
  const gone = [...known.keys()].filter((id) => !texts.has(id)).sort();
  const list = (title: string, each: readonly string[]): string => [`# ${title}:`, ...each.map((id) => `#   ${id}`), ''].join('\n');
  return [
    ...(base && same.length > 0 ? [list(`As in ${base.name}.yaml`, same)] : []),
    ...(base && gone.length > 0 ? [list(`Not there, but in ${base.name}.yaml`, gone)] : []),
    other.map((id) => `---\n${texts.get(id) ?? ''}`).join(''),
  ].join('\n');
}

async function textsOf(objects: readonly Manifest[]): Promise<ReadonlyMap<string, string>> {
  const drawn = drawnIn(objects);
  const texts = new Map<string, string>();
  for (const object of objects) {
    const shown = { ...(await withoutFiles(object)), metadata: withoutUsualLabels(object) };
    const text = stringify(shown, { sortMapEntries: true, lineWidth: 0 }).replaceAll(/(checksum\/\w+: )[0-9a-f]{64}$/gm, '$1(digest)');
    const masked = drawn.reduce((before, secret) => before.replaceAll(secret, '(drawn)'), text);
    texts.set(idOf(object), masked);
  }
  return texts;
}

/** Passwords, in the clear and as Secrets have them. */
export function drawnIn(objects: readonly Manifest[]): readonly string[] {
  return objects
    .filter(({ kind }) => kind === 'Secret')
    .flatMap((secret) => Object.entries((secret['data'] ?? {}) as Record<string, string>))
    .filter(([key]) => ['password', 'secret-access-key'].includes(key))
    .flatMap(([, value]) => [value, Buffer.from(value, 'base64').toString()]);
}

const usualLabels = ['name', 'instance', 'component', 'version', 'managed-by', 'part-of'].map((name) => `app.kubernetes.io/${name}`);

/** Seven lines that every object has; they stay where one of them is missing. */
function withoutUsualLabels({ metadata }: Manifest): object {
  const { labels = {}, ...others } = metadata;
  const usual = ['helm.sh/chart', ...usualLabels];
  if (!usual.every((name) => name in labels)) return metadata;
  const own = Object.entries(labels).filter(([name]) => !usual.includes(name));
  return { ...others, labels: { ...Object.fromEntries(own), '(usual)': labels['app.kubernetes.io/component'] } };
}

async function withoutFiles(object: Manifest): Promise<object> {
  switch (object.kind) {
    case 'CustomResourceDefinition': {
      const { spec } = parse(await readFile(inChart('files/crd-facemodels.yaml'), 'utf8')) as { readonly spec: unknown };
      return isDeepStrictEqual(object['spec'], spec) ? { ...object, spec: 'as in files/crd-facemodels.yaml' } : object;
    }
    case 'PrometheusRule':
      return { ...object, spec: 'files/alerts.yaml, with runbooks' };
    case 'ConfigMap': {
      const { 'facehash.json': dashboard, ...others } = (object['data'] ?? {}) as Record<string, string>;
      return dashboard === undefined ? object : { ...object, data: { ...others, 'facehash.json': 'files/dashboard.json' } };
    }
    default:
      return object;
  }
}
