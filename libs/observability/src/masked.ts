/** Nothing in the project logs a key on purpose. `fhk_` and even a part of a key behind it, also where a URL encoded the underscore. */
const keyLike = /fhk(?:_|%5f)[0-9A-Za-z]+/gi;

/** A line with everything masked that looks like an API key: the last line of defence against a mistake elsewhere. */
export function masked(line: string): string {
  return line.replace(keyLike, 'fhk_[masked]');
}
