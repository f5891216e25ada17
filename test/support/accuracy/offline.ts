import { builtInConstants } from '@facehash/classifier-core';
import type { OwnPipeline } from '@facehash/vision-pipelines';
import { row, type Row } from '../benchmark.js';
import type { PersonPhotos } from '../faces.js';
import { centroid, fit, realised, score, threshold, type Margin, type Person } from './constants.js';
import { featuresOf, type Features } from './features.js';
import { counted } from './intervals.js';

const PHOTOS = 5;
const TARGET = 0.01;

/** What the server cannot be asked: what each part of the features is worth alone, and constants fitted on one half, measured on the other. */
export async function offlineRows(persons: readonly PersonPhotos[], strangers: readonly string[], own?: OwnPipeline): Promise<Row[]> {
  const { known, unknown } = await describedFaces(persons, strangers, own);
  const margin = own ? (own.constants ?? undefined) : builtInConstants;
  return [...aloneRows(known, unknown), ...crossFitRows(known, unknown, margin), ...constantsRows(known, unknown, margin)];
}

/** Everybody's faces by the built-in pipeline or by one's own; photos without a face are left out. */
export async function describedFaces(
  persons: readonly PersonPhotos[],
  strangers: readonly string[],
  own?: OwnPipeline,
): Promise<{ readonly known: readonly Described[]; readonly unknown: readonly Features[] }> {
  const features = await featuresOf([...persons.flatMap((p) => p.photos), ...strangers], own);
  return {
    known: persons.map(({ name, photos }) => ({ name, features: photos.flatMap((path) => features.get(path) ?? []) })),
    unknown: strangers.flatMap((path) => features.get(path) ?? []),
  };
}

interface Described {
  readonly name: string;
  readonly features: readonly Features[];
}

export const toPerson = ({ name, features }: Described): Person => ({ name, descriptors: features.map((f) => f.descriptor) });

/** Nearest centroid by one part of the features, the threshold set to accept 1 % of the strangers. */
function aloneRows(known: readonly Described[], strangers: readonly Features[]): Row[] {
  const standardise = standardiser(known.flatMap((p) => p.features.slice(0, PHOTOS).map((f) => f.ratios)));
  const vectors = {
    'the descriptor alone': (f: Features): ArrayLike<number> => f.descriptor,
    'the ratios alone': (f: Features): ArrayLike<number> => unit(standardise(f.ratios)),
  };
  return Object.entries(vectors).flatMap(([name, vectorOf]) => {
    const gallery = known.map((p) => centroid(p.features.slice(0, PHOTOS).map(vectorOf)));
    const asked = (f: Features) => score(Float32Array.from(vectorOf(f)), gallery, builtInConstants);
    const limit = strangers.map((f) => asked(f).value).sort((a, b) => a - b)[Math.floor(TARGET * strangers.length)] ?? Number.NaN;
    const probes = known.flatMap((p, i) => p.features.slice(PHOTOS).map((f) => ({ i, ...asked(f) })));
    const rank1 = probes.filter((p) => p.nearest === p.i);
    return [
      counted(`${name}, ${PHOTOS} photos each: rank-1`, { count: rank1.length, of: probes.length }),
      counted(`  named right where 1 % of strangers are named`, { count: rank1.filter((p) => p.value <= limit).length, of: probes.length }),
    ];
  });
}

/** Both ways: no person and no stranger that is measured was fitted on. */
export function crossFitRows(known: readonly Described[], strangers: readonly Features[], margin?: Margin): Row[] {
  const half = <T>(items: readonly T[], which: number): T[] => items.filter((_, i) => i % 2 === which);
  const totals = { right: 0, probes: 0, nearest: 0, accepted: 0, strangers: 0 };
  const shares: Record<number, number[]> = { 1: [], 2: [], 5: [], 20: [] };
  for (const fitted of [0, 1]) {
    const descriptorsOf = (which: number) => half(strangers, which).map((f) => f.descriptor);
    const constants = fit(half(known, fitted).map(toPerson), descriptorsOf(fitted), margin);
    const measured = half(known, 1 - fitted);
    const persons = measured.map(toPerson);
    const others = descriptorsOf(1 - fitted);
    const gallery = persons.map((p) => centroid(p.descriptors.slice(0, PHOTOS)));
    const limit = threshold(constants, { people: gallery.length, photos: PHOTOS, target: TARGET });
    for (const [i, person] of persons.entries()) {
      for (const descriptor of person.descriptors.slice(PHOTOS)) {
        const { value, nearest } = score(descriptor, gallery, constants);
        totals.probes++;
        if (nearest === i) totals.nearest++;
        if (nearest === i && value <= limit) totals.right++;
      }
    }
    totals.strangers += others.length;
    totals.accepted += others.filter((descriptor) => score(descriptor, gallery, constants).value <= limit).length;
    for (const size of [1, 2, 5, 20]) shares[size]?.push(realised(persons, others, { size, photos: PHOTOS, target: TARGET, constants }));
  }
  return [
    counted(`cross-fit, ${PHOTOS} photos each, target ${TARGET}: named right`, { count: totals.right, of: totals.probes }),
    counted('  rank-1', { count: totals.nearest, of: totals.probes }),
    counted('  strangers named', { count: totals.accepted, of: totals.strangers }),
    ...Object.entries(shares).map(([size, both]) =>
      row(`  galleries of ${size}: strangers named, mean of both halves`, (100 * both.reduce((a, b) => a + b, 0)) / both.length, '%'),
    ),
  ];
}

/** What a fit on everybody would write into the product: to compare with what stands there. */
function constantsRows(known: readonly Described[], strangers: readonly Features[], margin?: Margin): Row[] {
  const { strangerMeans, strangerDeviation, chancesExponent } = fit(
    known.map(toPerson),
    strangers.map((f) => f.descriptor),
    margin,
  );
  return [
    ...strangerMeans.map(([photos, mean]) => row(`refitted on everybody: mean of a stranger, ${photos} photos`, mean, 'distance')),
    row('  deviation', strangerDeviation, 'distance'),
    row('  exponent of the gallery', chancesExponent, ''),
  ];
}

function standardiser(values: readonly Float32Array[]): (value: Float32Array) => Float64Array {
  const length = values[0]?.length ?? 0;
  const mean = Array.from({ length }, (_, i) => values.reduce((sum, v) => sum + (v[i] ?? 0), 0) / values.length);
  const spread = mean.map((m, i) => Math.sqrt(values.reduce((sum, v) => sum + ((v[i] ?? 0) - m) ** 2, 0) / values.length) || 1);
  return (value) => Float64Array.from(value, (x, i) => (x - (mean[i] ?? 0)) / (spread[i] ?? 1));
}

function unit(values: Float64Array): Float64Array {
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}
