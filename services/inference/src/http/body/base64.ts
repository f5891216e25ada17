const NOTHING = 64;
const PADDING = 65;
const WRONG = 66;

/** Of each byte its six bits in either alphabet, or what else it is. Line breaks and tabs are nothing. */
function alphabet(space: number): Uint8Array {
  const meanings = new Uint8Array(256).fill(WRONG);
  const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (let value = 0; value < characters.length; value++) meanings[characters.charCodeAt(value)] = value;
  const others: readonly [string, number][] = [
    ['-', 62],
    ['_', 63],
    ['=', PADDING],
    ['\n', NOTHING],
    ['\r', NOTHING],
    ['\t', NOTHING],
    [' ', space],
  ];
  for (const [character, meaning] of others) meanings[character.charCodeAt(0)] = meaning;
  return meanings;
}

const spaceIsBreak = alphabet(NOTHING);
/** A form's parser makes a space of a plus, and that is 62. */
const spaceIsPlus = alphabet(62);

/** Decodes base64 over itself, slice by slice: three bytes take the place of four characters, so what is written never overtakes what is read. */
export class Base64InPlace {
  readonly #meanings: Uint8Array;
  #bits = 0;
  /** How many of `#bits` wait for the rest of their byte: 0, 2, 4 or 6. */
  #waiting = 0;
  #written = 0;
  #characters = 0;
  #padded = false;

  constructor(
    private readonly text: Buffer,
    spacesAreBreaks: boolean,
  ) {
    this.#meanings = spacesAreBreaks ? spaceIsBreak : spaceIsPlus;
  }

  /** How many characters of the alphabet came, padding not counted. */
  get characters(): number {
    return this.#characters;
  }

  /** What is decoded so far, in the memory of the text. */
  get decoded(): Buffer {
    return this.text.subarray(0, this.#written);
  }

  /** Decodes the next slice. False when it is not base64: another character, or any after padding. */
  decode(from: number, to: number): boolean {
    for (let at = from; at < to; at++) {
      const meaning = this.#meanings[this.text[at] ?? 0] ?? WRONG;
      if (meaning < 64 && !this.#padded) this.#take(meaning);
      else if (meaning === PADDING) this.#padded = true;
      else if (meaning !== NOTHING) return false;
    }
    return true;
  }

  #take(six: number): void {
    this.#characters++;
    this.#bits = ((this.#bits << 6) | six) & 0xfff;
    this.#waiting += 6;
    if (this.#waiting < 8) return;
    this.#waiting -= 8;
    this.text[this.#written++] = this.#bits >> this.#waiting;
  }
}
