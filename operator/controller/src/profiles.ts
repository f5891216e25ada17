import { readFile } from 'node:fs/promises';
import { dedicatedTemplate, parseTrainingProfiles, type DedicatedTemplate, type TrainingProfiles } from '@facehash/operator-reconcilers';
import { parse } from 'yaml';

/** Reads the training profiles. Throws one error that lists everything that is wrong with them. */
export async function readProfiles(file: string): Promise<TrainingProfiles> {
  const value: unknown = parse(await readFile(file, 'utf8'));
  const parsed = parseTrainingProfiles(value);
  if (parsed.ok) return parsed.profiles;
  const faults = parsed.problems.map(({ path, message }) => `  ${path} ${message}`);
  throw new Error(`The training profiles in ${file} are not valid:\n${faults.join('\n')}`);
}

/** Reads how pods of a Dedicated model look. Throws one error that lists everything that is wrong with it. */
export async function readDedicatedTemplate(file: string): Promise<DedicatedTemplate> {
  const value: unknown = parse(await readFile(file, 'utf8'));
  const parsed = dedicatedTemplate.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `  ${path.join('.')} ${message}`);
  throw new Error(`The template of Dedicated models in ${file} is not valid:\n${faults.join('\n')}`);
}
