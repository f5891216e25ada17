import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuiltImage } from './build.js';

/** Where the chart says which image a program or an evaluation's store is. */
const places: Readonly<Record<string, readonly [string, string]>> = {
  operator: ['images', 'operator'],
  inference: ['images', 'inference'],
  trainer: ['images', 'trainer'],
  'trainer-gpu': ['images', 'trainerGpu'],
  minio: ['evaluation', 's3'],
  nats: ['evaluation', 'nats'],
  ferretdb: ['evaluation', 'mongodb'],
};

/** FerretDB stands in for MongoDB, whose arguments it does not know. */
const FERRETDB_ARGS = ['-dir', '/data', '-listen', ':27017'];

type Values = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Values of the chart that name these images, for nodes that were given them: nothing is pulled. */
export function helmValues(images: Readonly<Record<string, Pick<BuiltImage, 'reference'>>>): Values {
  const values: Record<string, Record<string, unknown>> = { images: { pullPolicy: 'IfNotPresent' } };
  for (const [name, { reference }] of Object.entries(images)) {
    const [section, key] = places[name] ?? [];
    const [, registry, repository, tag] = /^([^/]+)\/(.+):([^:]+)$/.exec(reference) ?? [];
    if (section === undefined || key === undefined) continue;
    const image = { registry, repository, tag };
    const ofStore = { image, ...(name === 'ferretdb' ? { args: FERRETDB_ARGS } : {}) };
    values[section] = { ...values[section], [key]: section === 'images' ? image : ofStore };
  }
  return values;
}

/** `<name>.tar` of each, as links into the cache, and `values.json` beside them. */
export async function writeForHelm(folder: string, images: Readonly<Record<string, BuiltImage>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, { archive }] of Object.entries(images)) {
    const link = join(folder, `${name}.tar`);
    await rm(link, { force: true });
    await symlink(archive, link);
  }
  await writeFile(join(folder, 'values.json'), `${JSON.stringify(helmValues(images), undefined, 2)}\n`);
}
