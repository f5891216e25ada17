import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtInConstants } from '@facehash/classifier-core';
import { describedPipeline } from '@facehash/vision-pipelines';
import { parse, stringify } from 'yaml';
import { chart } from './installation.js';

const VERSION = '0.2.0';
/** Where pods find the description; the network itself is the one that is in the images. */
const MOUNT = '/etc/facehash/descriptor';
const FILE = 'next.json';

interface Definition {
  readonly spec: { readonly versions: readonly { readonly additionalPrinterColumns: object[] }[] };
}

/** The chart as it may be one day: another version, and a resource definition that has changed. */
export async function nextChart(folder: string, column: string): Promise<string> {
  const next = join(folder, 'next-chart');
  await cp(chart, next, { recursive: true });
  const description = join(next, 'Chart.yaml');
  await writeFile(description, stringify({ ...(parse(await readFile(description, 'utf8')) as object), version: VERSION }));
  const file = join(next, 'files/crd-facemodels.yaml');
  const definition = parse(await readFile(file, 'utf8')) as Definition;
  definition.spec.versions[0]?.additionalPrinterColumns.push({ name: column, type: 'string', jsonPath: '.status.storageId' });
  await writeFile(file, stringify(definition, { aliasDuplicateObjects: false }));
  return next;
}

export interface AnotherPipeline {
  readonly id: string;
  /** With the description in it, for the platform's namespace. */
  readonly configMap: object;
  /** What the chart is told. */
  readonly values: { readonly descriptor: object; readonly inference: object; readonly training: { readonly profiles: object } };
}

/** Another pipeline whose numbers are the same: the built-in network, described as if it were somebody's own. */
export async function anotherPipeline(folder: string, namespace: string): Promise<AnotherPipeline> {
  const networks = JSON.parse(await readFile(join(process.env['FACEHASH_NETWORKS_DIR'] ?? '', 'networks.json'), 'utf8')) as Networks;
  const description = {
    v: 1,
    id: 'next',
    network: { file: '../../../app/networks/descriptor.onnx', sha256: networks.files.find(({ name }) => name === 'descriptor')?.sha256 },
    input: { alignment: 'dlib', size: 150, layout: 'NHWC', channels: 'RGB', mean: [0, 0, 0], deviation: [1, 1, 1] },
    length: 128,
    mirror: true,
    decision: builtInConstants,
  };
  const path = join(folder, FILE);
  await writeFile(path, JSON.stringify(description));
  const { id } = describedPipeline.parse(path);
  const metadata = { name: 'next-pipeline', namespace };
  const volumes = [{ name: 'descriptor', configMap: { name: metadata.name } }];
  const volumeMounts = [{ name: 'descriptor', mountPath: MOUNT, readOnly: true }];
  return {
    id,
    configMap: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [FILE]: JSON.stringify(description) } },
    values: {
      descriptor: { description: `${MOUNT}/${FILE}`, pipeline: id },
      inference: { extraVolumes: volumes, extraVolumeMounts: volumeMounts },
      training: { profiles: { default: { volumes, volumeMounts } } },
    },
  };
}

interface Networks {
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
}
