/** A container image of ours, as `npm run images -- build --json` tells of it. */
export interface Image {
  readonly reference: string;
  /** A docker-archive. */
  readonly archive: string;
}

/** The images that `npm test` has built: none where they cannot be, and where tests are run by themselves without naming them. */
export const images = JSON.parse(process.env['FACEHASH_IMAGES'] ?? '{}') as Readonly<Record<string, Image>>;

/** Why tests of them are skipped, in a sentence. */
export const noImages: string | undefined =
  Object.keys(images).length > 0 ? undefined : 'there are no images: FACEHASH_IMAGES is not set (see CONTRIBUTING.md)';

export function imageOf(name: string): Image {
  const image = images[name];
  if (image === undefined) throw new Error(`no image ${name} was built`);
  return image;
}
