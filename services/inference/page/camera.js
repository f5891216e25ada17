import { byId } from './dom.js';

/** A webcam's frame is sent no larger than this: faces at arm's length keep some 200 pixels. */
const FRAME_WIDTH_MAX = 960;
const JPEG_QUALITY = 0.9;

/** The webcam: one, however many ask for it. */
export class Camera {
  #video = byId('video', HTMLVideoElement);
  #canvas = document.createElement('canvas');
  /** @type {MediaStream | undefined} */
  #stream;

  get running() {
    return this.#stream !== undefined;
  }

  /** Throws an Error whose message is for people. */
  async open() {
    if (this.#stream) return;
    if (!navigator.mediaDevices) throw new Error('Browsers lend the webcam to pages on https:// and on localhost only.');
    try {
      const wish = { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: 'user' };
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: wish, audio: false });
    } catch (error) {
      throw new Error(whyNot(error), { cause: error });
    }
    for (const track of this.#stream.getTracks()) track.addEventListener('ended', () => this.close());
    this.#video.srcObject = this.#stream;
    await this.#video.play();
  }

  close() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    this.#video.srcObject = null;
  }

  /**
   * What the camera sees now, as it is and not mirrored.
   * @returns {Promise<Blob>}
   */
  async photo() {
    const { videoWidth, videoHeight } = this.#video;
    const scale = Math.min(1, FRAME_WIDTH_MAX / videoWidth);
    this.#canvas.width = Math.round(videoWidth * scale);
    this.#canvas.height = Math.round(videoHeight * scale);
    this.#canvas.getContext('2d')?.drawImage(this.#video, 0, 0, this.#canvas.width, this.#canvas.height);
    return new Promise((resolve, reject) => {
      this.#canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The webcam shows no picture.'))), 'image/jpeg', JPEG_QUALITY);
    });
  }
}

/** @param {unknown} error */
function whyNot(error) {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError') return 'The webcam was not allowed. The browser’s settings of this page can allow it.';
  if (name === 'NotFoundError') return 'There is no webcam here.';
  if (name === 'NotReadableError') return 'Another program uses the webcam.';
  return 'The webcam could not be opened.';
}
