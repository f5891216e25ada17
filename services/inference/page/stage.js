import { byId, element, say } from './dom.js';
import { counted, facesInWords } from './words.js';

/** @typedef {import('../src/http/v1/recognition-schemas.js').RecognitionAnswer} Recognition */
/** @typedef {Recognition['faces'][number]} Face */

/** Where a picture or the webcam is seen, with a box around each face and the same in words below. */
export class Stage {
  #stage = byId('stage', HTMLElement);
  #invitation = byId('invitation', HTMLElement);
  #picture = byId('picture', HTMLImageElement);
  #video = byId('video', HTMLVideoElement);
  #boxes = byId('boxes', HTMLElement);
  #summary = byId('summary', HTMLElement);
  #faces = byId('faces', HTMLElement);
  #url = '';

  /** @param {Blob} image */
  showPicture(image) {
    this.clear();
    this.#url = URL.createObjectURL(image);
    this.#picture.src = this.#url;
    this.#show('picture');
  }

  showVideo() {
    this.clear();
    this.#show('video');
  }

  showNothing() {
    this.clear();
    this.#show('nothing');
  }

  /** @param {'nothing' | 'picture' | 'video'} what */
  #show(what) {
    this.#stage.dataset['shows'] = what;
    this.#invitation.hidden = what !== 'nothing';
    this.#picture.hidden = what !== 'picture';
    this.#video.hidden = what !== 'video';
    if (what !== 'picture' && this.#url !== '') {
      URL.revokeObjectURL(this.#url);
      this.#picture.removeAttribute('src');
      this.#url = '';
    }
  }

  /** Takes boxes and words away. */
  clear() {
    this.#boxes.replaceChildren();
    this.#faces.replaceChildren();
    this.#summary.classList.remove('bad');
    say(this.#summary, '');
  }

  /** @param {string} text */
  working(text) {
    this.#summary.classList.remove('bad');
    say(this.#summary, text);
  }

  /** @param {string} text */
  problem(text) {
    this.clear();
    this.#summary.classList.add('bad');
    say(this.#summary, text);
  }

  /**
   * @param {Recognition} recognition
   * @param {{mirrored: boolean}} how a person at a webcam expects a mirror
   */
  showFaces({ image, faces }, { mirrored }) {
    this.#draw({ image, faces }, mirrored);
    say(this.#summary, facesInWords(faces));
    this.#faces.replaceChildren(...faces.map(lineOf));
  }

  /**
   * Boxes without names: there is no model yet that could know any.
   * @param {{image: Recognition['image'], faces: readonly {box: Face['box']}[]}} detection
   * @param {{mirrored: boolean}} how
   */
  showBoxes({ image, faces }, { mirrored }) {
    this.#draw({ image, faces: faces.map(({ box }) => ({ box, person: null })) }, mirrored);
    this.#faces.replaceChildren();
    say(this.#summary, `${counted(faces.length, 'face', 'faces')}. Nobody can be recognised yet: enrol somebody first.`);
  }

  /**
   * @param {{image: Recognition['image'], faces: readonly Pick<Face, 'box' | 'person'>[]}} seen
   * @param {boolean} mirrored
   */
  #draw({ image, faces }, mirrored) {
    // What the browser cannot show (TIFF, say) still has a shape.
    this.#picture.style.aspectRatio = `${image.width} / ${image.height}`;
    this.#boxes.replaceChildren(...faces.map((face) => boxOf(face, image, mirrored)));
    this.#summary.classList.remove('bad');
  }
}

/**
 * @param {Pick<Face, 'box' | 'person'>} face
 * @param {Recognition['image']} image
 * @param {boolean} mirrored
 */
function boxOf({ box, person }, image, mirrored) {
  const x = mirrored ? image.width - box.x - box.width : box.x;
  const made = element('div', { className: person ? 'box known' : 'box' }, [element('span', { text: person?.name ?? 'unknown' })]);
  made.style.left = `${(100 * x) / image.width}%`;
  made.style.top = `${(100 * box.y) / image.height}%`;
  made.style.width = `${(100 * box.width) / image.width}%`;
  made.style.height = `${(100 * box.height) / image.height}%`;
  if (box.y / image.height < 0.1) made.classList.add('label-below');
  return made;
}

/** @param {Face} face */
function lineOf({ person, candidates, similarity, probability }) {
  const nearest = candidates[0];
  const figures = `similarity ${similarity.toFixed(2)}, probability ${Math.round(100 * probability)}\u00a0%`;
  // Whose the figures are: of an unknown face they say how near the nearest person is.
  const text = person || !nearest ? figures : `nearest is ${nearest.name}: ${figures}`;
  return element('li', { className: person ? 'known' : '' }, [
    element('strong', { text: person?.name ?? 'unknown' }),
    ' ',
    element('span', { text }),
  ]);
}
