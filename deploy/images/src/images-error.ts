/**
 * What the person at the keyboard can act on: the message says what happened and what to do.
 * `cannotBuildHere`: this machine lacks what every build needs, so tests of images are skipped and not failed.
 */
export class ImagesError extends Error {
  override readonly name = 'ImagesError';

  constructor(
    readonly code: 'unknownName' | 'cannotBuildHere' | 'buildFailed',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
