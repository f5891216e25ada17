import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseManifest } from '@facehash/facemodel';
import { temporaryFolder } from '@facehash/testing';
import { parse } from 'yaml';
import { inChart, NAMESPACE, noHelm, render, type Values } from './support/helm.js';
import { named } from './support/manifests.js';
import { renderedSet, valueSets } from './support/value-sets.js';

describe('what Helm prints after an installation', () => {
  if (noHelm !== undefined) it.skip(`is not looked at: ${noHelm}`, () => undefined);
  else printed();
});

function printed(): void {
  it('is how to see that it works, how to make a model and how to ask it', async () => {
    const notes = await notesOf(valueSets.external);
    expect(notes).toContain('for FaceModels of every namespace.');
    expect(notes).toContain(`helm test facehash -n ${NAMESPACE}\n`);
    // In one line: the end of a document that is indented, as all is here, is not found where it is pasted.
    const [, manifest = ''] = /echo '(.*)' \| kubectl apply -n default -f -\n/.exec(notes) ?? [];
    expect(parseManifest(parse(manifest))).toMatchObject({ ok: true });
    // What is forwarded to is there.
    const [, service = '', port] = /service\/(\S+) 5000:(\d+) /.exec(notes) ?? [];
    expect(named(await renderedSet('external'), 'Service', service)['spec']).toMatchObject({ ports: [{ port: Number(port) }] });
    expect(notes).not.toContain('evaluation');
  });

  it('is where requests come in, by a name that it was given', async () => {
    expect(await notesOf(valueSets.everything)).toContain('curl https://faces.example.org/train ');
    expect(await notesOf({ ...valueSets.everything, ingress: { enabled: true, hosts: ['faces.example.org'] } })).toContain(
      'curl http://faces.example.org/ ',
    );
    // Without a name there is only the way through the cluster.
    expect(await notesOf(valueSets.traefik)).toContain('kubectl port-forward');
  });

  it('is that nothing of an evaluation lasts, and in which namespace FaceModels are looked at', async () => {
    expect(await notesOf(valueSets.evaluation)).toContain('Do not enrol anybody whom you may not lose.');
    const notes = await notesOf(valueSets.namespaced);
    expect(notes).toContain('for FaceModels in namespace faces.');
    expect(notes).toContain('kubectl apply -n faces ');
  });
}

/** Helm renders them only where it installs: here they are rendered as part of an object. */
async function notesOf(values: Values): Promise<string> {
  await using folder = await temporaryFolder();
  const chart = join(folder.path, 'facehash');
  await cp(inChart('.'), chart, { recursive: true });
  await cp(join(chart, 'templates/NOTES.txt'), join(chart, 'files/notes'));
  const object = `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: notes }\ndata: { notes: {{ tpl (.Files.Get "files/notes") . | toJson }} }\n`;
  await writeFile(join(chart, 'templates/notes.yaml'), object);
  const { notes = '' } = named(await render(values, { chart }), 'ConfigMap', 'notes')['data'] as { readonly notes?: string };
  return notes;
}
