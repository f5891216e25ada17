export const FOLDS = 5;

/** The fold of a photo, from its SHA-256: the same in every version, whoever else is enrolled. */
export function foldOf(photo: string): number {
  return Number.parseInt(photo.slice(0, 8), 16) % FOLDS;
}
