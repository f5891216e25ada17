/** One photo of the collection: `Ann_Lee`, 3 is `Ann_Lee/Ann_Lee_0003.jpg`. */
export interface NumberedPhoto {
  readonly name: string;
  readonly number: number;
}

export interface Pair {
  /** Two photos of one person, or of two. */
  readonly same: boolean;
  readonly photos: readonly [NumberedPhoto, NumberedPhoto];
}

/**
 * The file format of LFW's View 2 (README of the collection, section 3c): a line `folds pairs`, then for each fold that many lines
 * `name number number` and as many `name number other number`. Throws, with the line, at anything else.
 */
export function parsePairs(text: string): readonly (readonly Pair[])[] {
  const [head = '', ...lines] = text.trim().split(/\r?\n/);
  const [, folds, pairs] = /^(\d+)\s+(\d+)$/.exec(head.trim()) ?? [];
  if (folds === undefined || pairs === undefined) throw new Error(`line 1 is not "folds pairs", as "10 300" is: ${head}`);
  const perFold = 2 * Number(pairs);
  const expected = Number(folds) * perFold;
  if (expected === 0 || lines.length !== expected) throw new Error(`line 1 announces ${expected} pairs, and there are ${lines.length}`);
  const all = lines.map((line, i) => pairIn(line, { at: i + 2, same: i % perFold < Number(pairs) }));
  return Array.from({ length: Number(folds) }, (_, fold) => all.slice(fold * perFold, (fold + 1) * perFold));
}

function pairIn(line: string, { at, same }: { readonly at: number; readonly same: boolean }): Pair {
  const form = same ? /^(\S+)\s+([1-9]\d*)\s+()([1-9]\d*)$/ : /^(\S+)\s+([1-9]\d*)\s+(\S+)\s+([1-9]\d*)$/;
  const [, name, first, other, second] = form.exec(line.trim()) ?? [];
  if (name === undefined) throw new Error(`line ${at} is not "${same ? 'name number number' : 'name number other number'}": ${line}`);
  return {
    same,
    photos: [
      { name, number: Number(first) },
      { name: same ? name : String(other), number: Number(second) },
    ],
  };
}
