import { readFile, writeFile } from 'node:fs/promises';
import { customResourceDefinition, faceModelReference } from '@facehash/facemodel/crd';
import { parseManifest, parseManifestForOneMachine } from '@facehash/facemodel';
import { parse, stringify } from 'yaml';

const definition = new URL('../../charts/facehash/files/crd-facemodels.yaml', import.meta.url);
const page = new URL('../../docs/facemodel.md', import.meta.url);
const HEAD = '# Generated from libs/facemodel: UPDATE_FACEMODEL=1 and test/operator/generated.test.ts write it.\n';
const MARK = '<!-- generated from libs/facemodel: UPDATE_FACEMODEL=1 and test/operator/generated.test.ts write it -->\n\n';
const update = process.env['UPDATE_FACEMODEL'] === '1';
/** kubectl and Helm read YAML 1.1, in which a bare `Off` is false. */
const asKubectlReads = { version: '1.1', lineWidth: 0, singleQuote: true, aliasDuplicateObjects: false } as const;

describe('what is generated from the schema of the FaceModel', () => {
  it('is the committed resource definition', async () => {
    const generated = HEAD + stringify(customResourceDefinition(), asKubectlReads);
    if (update) await writeFile(definition, generated);
    expect(await readFile(definition, 'utf8')).toBe(generated);
  });

  it('says the same to kubectl and Helm as to a reader of YAML 1.2', async () => {
    const text = await readFile(definition, 'utf8');
    expect(parse(text, { version: '1.1' })).toEqual(customResourceDefinition());
    expect(parse(text)).toEqual(customResourceDefinition());
  });

  it('is the committed reference page', async () => {
    const [head = '', reference] = (await readFile(page, 'utf8')).split(MARK);
    if (update) await writeFile(page, head + MARK + faceModelReference());
    else expect(reference).toBe(faceModelReference());
  });

  it('fits the examples of the reference page', async () => {
    const examples = [...(await readFile(page, 'utf8')).matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => parse(text) as unknown);
    expect(examples.map((example) => parseManifest(example))).toEqual([
      expect.objectContaining({ ok: true }),
      expect.objectContaining({ ok: true }),
    ]);
    expect(examples.map((example) => parseManifestForOneMachine(example).ok)).toEqual([true, false]);
  });
});
