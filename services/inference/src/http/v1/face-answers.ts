import { RATIO_NAMES, ratios, type Landmarks } from '@facehash/vision-core';

export function landmarkAnswer(landmarks: Landmarks): [number, number][] {
  return landmarks.map(([x, y]) => [x, y]);
}

export function ratioAnswer(landmarks: Landmarks): Record<string, number> {
  const values = ratios(landmarks);
  return Object.fromEntries(RATIO_NAMES.map((name, i) => [name, values[i] ?? 0]));
}
