/** What a photo was rejected for, as advice to the person who took it. */
const rejections = new Map([
  ['FACE_NOT_FOUND', 'no face was found'],
  ['FACES_TOO_MANY', 'more than one face is in it'],
  ['QUALITY_TOO_LOW', 'the face is too small, blurred or badly lit'],
  ['PHOTO_OF_OTHER_PERSON', 'this very photo is enrolled under another name'],
  ['PHOTO_BEING_REMOVED', 'this photo is just being removed'],
  ['IMAGE_UNREADABLE', 'the file is no picture that can be read'],
  ['IMAGE_TOO_LARGE', 'the picture has too many pixels'],
  ['IMAGE_TOO_SMALL', 'the picture is too small'],
  ['LIMIT_REACHED', 'the model is full'],
]);

/**
 * @param {string} code
 * @param {string | undefined} detail
 */
export function rejectionInWords(code, detail) {
  const words = rejections.get(code);
  if (words === undefined) return detail ?? code;
  return code === 'QUALITY_TOO_LOW' && detail !== undefined ? detail : words;
}

const stages = new Map([
  ['Starting', 'Training begins'],
  ['Collecting', 'Collecting photos'],
  ['Extracting', 'Measuring faces'],
  ['Fitting', 'Learning who is who'],
  ['Calibrating', 'Finding out where strangers begin'],
  ['Evaluating', 'Checking how well it does'],
  ['Publishing', 'Storing the version'],
]);

/**
 * What the model is doing about what was enrolled, for the progress bar; `percent` is null while there is nothing to measure.
 * @param {{phase: string, target: object | null, training: {run: string | null, stage: string | null, percent: number | null}}} model
 * @returns {{text: string, percent: number | null}}
 */
export function progressInWords({ target, training }) {
  if (target) return { text: 'Bringing the new version into use', percent: null };
  if (training.run === null) return { text: 'Waiting for the training to begin', percent: null };
  return { text: stages.get(training.stage ?? '') ?? 'Training', percent: training.percent };
}

const phases = new Map([
  ['Empty', 'Nobody is enrolled yet'],
  ['Waiting', 'Waiting for photos'],
  ['Training', 'Training'],
  ['RollingOut', 'A new version comes into use'],
  ['Ready', 'Ready'],
  ['Degraded', 'Degraded'],
  ['Suspended', 'Suspended'],
  ['Deleting', 'Being deleted'],
]);

/** @param {string} phase */
export function phaseInWords(phase) {
  return phases.get(phase) ?? phase;
}

/**
 * One sentence of what a picture shows, which a screen reader says.
 * @param {readonly {person: {name: string} | null}[]} faces largest first
 */
export function facesInWords(faces) {
  if (faces.length === 0) return 'No face in this picture.';
  const names = faces.map(({ person }) => person?.name ?? 'unknown');
  return `${counted(faces.length, 'face', 'faces')}: ${names.join(', ')}.`;
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} several
 */
export function counted(count, one, several) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : several}`;
}

/**
 * @param {number | null} share 0 to 1
 */
export function percentage(share) {
  return share === null ? 'too few photos to say' : `${(100 * share).toFixed(share === 1 ? 0 : 1)} %`;
}

const receiptStates = new Map([
  ['Masking', 'being masked in answers'],
  ['Erasing', 'masked; photos and versions are being removed'],
  ['Erased', 'erased: nothing that was made of the photos is stored any more'],
]);

/** @param {string} state */
export function receiptInWords(state) {
  return receiptStates.get(state) ?? state;
}
