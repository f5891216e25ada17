import type { ModelBackend, TrainingSample } from '@facehash/classifier-core';
import { openTfjsBackend } from '@facehash/classifier-tfjs';
import { faceModelSpec } from '@facehash/facemodel';
import { builtIn } from '@facehash/vision-core';
import { row, type Row } from '../benchmark.js';
import type { PersonPhotos } from '../faces.js';
import { featuresOf } from './features.js';
import { counted } from './intervals.js';

/** As many folds: each holds out one photo of everybody. */
const PHOTOS = 5;

interface Told {
  /** Probability of the right person, and of the likeliest. */
  readonly right: number;
  readonly likeliest: number;
}

/**
 * What the model's `probability` is worth on photos that it was fitted on, and on others: imprinted layer alone, then with the trainable
 * branch. Each fold's model is fitted, and its ratios standardised, without the photos that it is asked about.
 */
export async function branchRows(persons: readonly PersonPhotos[]): Promise<Row[]> {
  const samples = await samplesOf(persons);
  const backend = await openTfjsBackend('wasm');
  const { epochs } = faceModelSpec.parse({}).training.hyperparameters;
  const rows: Row[] = [];
  for (const trained of [0, epochs]) {
    const title = trained === 0 ? 'probability, imprinted layer alone' : `probability, with the branch (${trained} epochs)`;
    const own = await told(backend, { fitted: samples, asked: samples, epochs: trained });
    const held: Told[] = [];
    for (let fold = 0; fold < PHOTOS; fold++) {
      const fitted = samples.filter((s) => s.fold !== fold);
      const known = new Set(fitted.map((s) => s.personId));
      const asked = samples.filter((s) => s.fold === fold && known.has(s.personId));
      held.push(...(await told(backend, { fitted, asked, epochs: trained })));
    }
    rows.push(...rowsOf(`${title}, fitted photos`, own), ...rowsOf(`${title}, held-out photos`, held));
  }
  return rows;
}

function rowsOf(title: string, answers: readonly Told[]): Row[] {
  const meanOf = (value: (answer: Told) => number) => answers.reduce((sum, answer) => sum + value(answer), 0) / answers.length;
  const right = answers.filter((answer) => answer.right === answer.likeliest).length;
  return [
    counted(`${title}: likeliest is right`, { count: right, of: answers.length }),
    row('  mean probability of the likeliest', 100 * meanOf((answer) => answer.likeliest), '%'),
    row(
      '  negative log-likelihood of the right one',
      meanOf((answer) => -Math.log(Math.max(answer.right, Number.MIN_VALUE))),
      'nats',
    ),
  ];
}

interface Fold extends TrainingSample {
  readonly fold: number;
}

async function samplesOf(persons: readonly PersonPhotos[]): Promise<readonly Fold[]> {
  const chosen = persons.flatMap(({ name, photos }) => photos.slice(0, PHOTOS).map((path, fold) => ({ name, path, fold })));
  const features = await featuresOf(chosen.map(({ path }) => path));
  return chosen.flatMap(({ name, path, fold }) => {
    const found = features.get(path);
    return found ? [{ personId: name, photo: path, fold, ...found }] : [];
  });
}

async function told(
  backend: ModelBackend,
  {
    fitted,
    asked,
    epochs,
  }: { readonly fitted: readonly TrainingSample[]; readonly asked: readonly TrainingSample[]; readonly epochs: number },
): Promise<readonly Told[]> {
  const { hyperparameters } = faceModelSpec.parse({}).training;
  const people = [...new Set(fitted.map((s) => s.personId))].sort();
  const model = await backend.load(await backend.fit(fitted, { hyperparameters: { ...hyperparameters, epochs } }), {
    people,
    descriptorLength: builtIn.descriptorLength,
  });
  try {
    return asked.map(({ personId, descriptor, ratios }) => {
      const { probabilities } = model.predict(descriptor, ratios);
      return { right: probabilities[people.indexOf(personId)] ?? Number.NaN, likeliest: Math.max(...probabilities) };
    });
  } finally {
    model.close();
  }
}
