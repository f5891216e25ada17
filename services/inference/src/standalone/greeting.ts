import type { Seen } from './self-test.js';

export interface GreetingFacts {
  readonly url: string;
  readonly keyFile: string;
  readonly seen: Seen;
}

/** What a person reads after the start, on standard output. The shell takes the key out of its file: it is printed nowhere. */
export function greeting({ url, keyFile, seen }: GreetingFacts): string {
  const faces = seen.faces === 1 ? '1 face' : `${seen.faces} faces`;
  return `
FaceHash is ready: it saw ${faces} in a sample picture of ${seen.width} x ${seen.height} pixels in ${seen.ms} ms.

  address   ${url}
  your key  in ${keyFile}

Enrol somebody with a few photos, then ask about another one:

  curl -s ${url}/train -H "x-api-key: $(cat ${quoted(keyFile)})" -F username=Ann -F images=@ann1.jpg -F images=@ann2.jpg -F images=@ann3.jpg
  curl -s ${url}/ -H "x-api-key: $(cat ${quoted(keyFile)})" -H 'content-type: image/jpeg' --data-binary @photo.jpg

`;
}

/** A path for a shell. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
