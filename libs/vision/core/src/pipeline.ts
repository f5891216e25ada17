/**
 * Names everything that decides what the numbers of a face are: decoding to 8-bit sRGB and its largest working size, the detection chain
 * with its settings, the landmark network, alignment to the 150 x 150 chip, the descriptor network, the average over chip and mirror image,
 * and the list of ratios. Descriptors and ratios of different pipelines are never compared; change any of these and this name changes.
 */
export const PIPELINE_ID = 'p1';

/**
 * A way from a photo to a descriptor. Another descriptor network is another pipeline. How faces and their landmarks are found is the same in
 * all, which is why what enrolment stores stands under the built-in one.
 */
export interface Pipeline {
  readonly id: string;
  readonly descriptorLength: number;
}

export const builtIn: Pipeline = { id: PIPELINE_ID, descriptorLength: 128 };
