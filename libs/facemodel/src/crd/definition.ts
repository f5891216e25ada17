import { changeRules } from '../changes.js';
import { nameRules } from '../identity.js';
import { kubernetesStatus } from '../kubernetes-status-schema.js';
import { CEL_RULES, celRule } from '../rules.js';
import { API_VERSION, faceModelSpec, KIND } from '../schema.js';
import { structural, type Node } from './structural.js';

const [group = '', version = ''] = API_VERSION.split('/');
const plural = 'facemodels';

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** 1: only with `-o wide`. */
  readonly priority?: 1;
}

const trained = '.status.conditions[?(@.type=="Trained")]';

/** What `kubectl get` prints of a FaceModel. */
export const printerColumns: readonly PrinterColumn[] = [
  { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'What the model is doing, in one word.' },
  { name: 'People', type: 'integer', jsonPath: '.status.samples.people', description: 'People in the newest snapshot.' },
  { name: 'Photos', type: 'integer', jsonPath: '.status.samples.photos', description: 'Photos in it.' },
  { name: 'Active', type: 'string', jsonPath: '.status.activeVersion.name', description: 'The version that answers.' },
  { name: 'Target', type: 'string', jsonPath: '.status.targetVersion', description: 'The version that replicas are taking over.' },
  {
    name: 'Updated',
    type: 'integer',
    jsonPath: '.status.replicas.updated',
    description: 'Replicas that hold the target, or else the active version.',
  },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since when there is this FaceModel.' },
  { name: 'Replicas', type: 'integer', jsonPath: '.status.replicas.total', description: 'Replicas that are ready.', priority: 1 },
  { name: 'Reason', type: 'string', jsonPath: `${trained}.reason`, description: 'Why it is in this phase, in one word.', priority: 1 },
  { name: 'Message', type: 'string', jsonPath: `${trained}.message`, description: 'What happens now, or what to do.', priority: 1 },
];

/** The resource as a whole: what the API server checks of every FaceModel, fills in, and explains. */
export function faceModelSchema(): Node {
  const spec = structural(faceModelSpec);
  return {
    type: 'object',
    description: 'One API key, one set of people and one trained model.',
    [CEL_RULES]: nameRules.map(celRule),
    properties: {
      apiVersion: { type: 'string', description: `${API_VERSION}.` },
      kind: { type: 'string', description: `${KIND}.` },
      // Longer names than any resource may have; the rules say what a FaceModel may be called. They need a bound to be affordable.
      metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 253 } } },
      spec: { ...spec, default: {}, description: 'What its owner wishes.', [CEL_RULES]: changeRules.map(celRule) },
      status: { ...structural(kubernetesStatus), description: 'What is true of it now. Written by the operator only.' },
    },
  };
}

/** The CustomResourceDefinition of FaceModels. */
export function customResourceDefinition(): Node {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: KIND, listKind: `${KIND}List`, plural, singular: 'facemodel', shortNames: ['fm'], categories: ['facehash'] },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          additionalPrinterColumns: printerColumns,
          schema: { openAPIV3Schema: faceModelSchema() },
          subresources: { status: {} },
        },
      ],
    },
  };
}
