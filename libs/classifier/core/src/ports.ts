/** One photo's face, ready to train on. */
export interface TrainingSample {
  readonly personId: string;
  /** SHA-256 of the photo: names the fold it belongs to. */
  readonly photo: string;
  /** Of unit length, and as long as the pipeline says. */
  readonly descriptor: Float32Array;
  /** Landmark ratios, not yet standardised. */
  readonly ratios: Float32Array;
}

/** What the key's model says of one face. Both arrays have one value per person, in the order of `people`: by id. */
export interface Prediction {
  /** Cosine between the face's descriptor and each person's imprinted centroid: -1 to 1. */
  readonly similarities: Float32Array;
  /** Softmax over people: who it would be if it had to be somebody. */
  readonly probabilities: Float32Array;
}

/** A loaded model of one key. Holds tensors until closed. */
export interface KeyModel {
  /** Person ids in the order of the outputs, as `load` was told. */
  readonly people: readonly string[];
  predict(descriptor: Float32Array, ratios: Float32Array): Prediction;
  /** Bytes held in memory by the weights. */
  readonly sizeBytes: number;
  close(): void;
}

/** The parts of a model as they are stored: a TF.js layers model (Keras topology in JSON, weights in binary). */
export interface ModelParts {
  readonly modelJson: Uint8Array;
  readonly weights: Uint8Array;
}

/** What a stored model is said to be. */
export interface ModelShape {
  /** Person ids in the order of the outputs. */
  readonly people: readonly string[];
  readonly descriptorLength: number;
}

export interface FitOptions {
  readonly hyperparameters: {
    readonly hiddenUnits: readonly number[];
    readonly epochs: number;
    readonly batchSize: number;
    readonly learningRate: number;
    readonly dropout: number;
    readonly l2: number;
    readonly seed: number;
  };
  /** Called after each epoch with its share done, 0 to 1. */
  readonly onProgress?: (done: number) => void;
}

/** Makes and loads models. Implemented on TensorFlow.js. */
export interface ModelBackend {
  /** What computes, as the manifest reports it: `wasm`, `cpu`, `tensorflow`. */
  readonly name: string;
  /**
   * Outputs are ordered by person id. Lets other work on the event loop go on, and rejects with the signal's reason when it aborts.
   * The same samples in the same order, options and backend give the same bytes.
   */
  fit(samples: readonly TrainingSample[], options: FitOptions, signal?: AbortSignal): Promise<ModelParts>;
  /** Rejects with ARTIFACT_CORRUPT when the parts are not a model of these people and of descriptors of this length. */
  load(parts: ModelParts, of: ModelShape): Promise<KeyModel>;
}
