import { eventually } from '@facehash/testing';
import type { Client, TrainAnswer } from './client.js';
import { sampleFaces } from './sample-faces.js';

const PATIENCE = { withinMs: 120_000 };

/** Four photos of a sample person, sent again where a replica ends while it waits, or a store is away: the last answer. */
export async function patientlyTrained(client: Client, name: string, person: number): Promise<TrainAnswer> {
  const photos = await sampleFaces(person, [0, 1, 2, 3]);
  const { body } = await eventually(
    () => client.train(name, photos),
    ({ status }) => status !== 202 && status !== 503,
    PATIENCE,
  );
  return body;
}
