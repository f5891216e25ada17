/** The steps between which a crash must lose nothing, in their order; landmarks and features are stored side by side. */
export const checkpoints = [
  'photo.analysed',
  'photo.stored',
  'photo.landmarks',
  'photo.features',
  'photo.row',
  'photo.counted',
  'snapshot.counterRead',
  'snapshot.rowsRead',
  'snapshot.created',
  'snapshot.pointed',
  'snapshot.commanded',
] as const;
export type Checkpoint = (typeof checkpoints)[number];

/** Called after each step. Does nothing in production; tests end the process in it. */
export type OnCheckpoint = (name: Checkpoint) => void;

export const noCheckpoint: OnCheckpoint = () => undefined;
