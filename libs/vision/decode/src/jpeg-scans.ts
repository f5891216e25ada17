const MARKER = 0xff;
const SCAN = 0xda;
const END = 0xd9;
/** Bytes that may follow 0xff without being a marker with a segment behind it: a stuffed zero, TEM, restarts, the start of the image. */
const hasNoSegment = (byte: number): boolean => byte <= 0x01 || (byte >= 0xd0 && byte <= 0xd8);

/**
 * Whether a JPEG is written in more than `max` scans. Looks for markers as decoders do, so that what they would go through is counted:
 * segments are stepped over by their length, and everything between them up to the next marker.
 */
export function hasMoreScans(image: Uint8Array, max: number): boolean {
  if (image[0] !== MARKER || image[1] !== 0xd8) return false;
  let scans = 0;
  for (let at = nextMarker(image, 2); at < image.length && image[at] !== END; at = nextMarker(image, segmentEnd(image, at))) {
    if (image[at] === SCAN && ++scans > max) return true;
  }
  return false;
}

/** Of its second byte; the length where there is no more. */
function nextMarker(image: Uint8Array, from: number): number {
  for (let at = image.indexOf(MARKER, from); at >= 0; at = image.indexOf(MARKER, at)) {
    while (image[at] === MARKER) at++;
    const byte = image[at];
    if (byte === undefined || !hasNoSegment(byte)) return at;
  }
  return image.length;
}

/** At least behind the marker itself, so that a length that lies never leads back. */
function segmentEnd(image: Uint8Array, marker: number): number {
  return marker + 1 + Math.max(2, ((image[marker + 1] ?? 0) << 8) | (image[marker + 2] ?? 0));
}
