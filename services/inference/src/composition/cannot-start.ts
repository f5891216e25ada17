/** Why the product does not start, as a sentence that says what to do about it. Anything else that goes wrong is a defect and shows its stack. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart';
}
