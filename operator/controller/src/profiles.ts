import { readFile } from 'node:fs/promises';
import { parseTrainingProfiles, type TrainingProfiles } from '@facehash/operator-reconcilers';
import { parse } from 'yaml';

/** Reads the training profiles. Throws one error that lists everything that is wrong with them. */
export async function readProfiles(file: string): Promise<TrainingProfiles> {
  const value: unknown = parse(await readFile(file, 'utf8'));
  const parsed = parseTrainingProfiles(value);
  if (parsed.ok) return parsed.profiles;
  const faults = parsed.problems.map(({ path, message }) => `  ${path} ${message}`);
  throw new Error(`The training profiles in ${file} are not valid:\n${faults.join('\n')}`);
}
