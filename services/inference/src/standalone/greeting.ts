import type { Seen } from '../composition/self-test.js';

export interface GreetingFacts {
  readonly url: string;
  readonly keyFile: string;
  /** Only where a person reads it: at a terminal, and in no log. */
  readonly key: string | undefined;
  readonly seen: Seen;
}

/**
 * What a person reads after the start, on standard output. The link to the page brings the key along in its fragment, which a browser sends to
 * nobody; in the commands the shell takes it out of its file.
 */
export function greeting({ url, keyFile, key, seen }: GreetingFacts): string {
  const faces = seen.faces === 1 ? '1 face' : `${seen.faces} faces`;
  return `
FaceHash is ready: it saw ${faces} in a sample picture of ${seen.width} x ${seen.height} pixels in ${seen.ms} ms.

  the page  ${key === undefined ? `${url}/` : `${url}/#key=${key}`}
  your key  in ${keyFile}

Open the page to try it with your webcam. Or enrol somebody with a few photos, then ask about another one:

  curl -s ${url}/train -H "x-api-key: $(cat ${quoted(keyFile)})" -F username=Ann -F images=@ann1.jpg -F images=@ann2.jpg -F images=@ann3.jpg
  curl -s ${url}/ -H "x-api-key: $(cat ${quoted(keyFile)})" -H 'content-type: image/jpeg' --data-binary @photo.jpg

`;
}

/** A path for a shell. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
