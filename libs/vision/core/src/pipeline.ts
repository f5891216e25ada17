/**
 * Names everything that decides what the numbers of a face are: decoding to 8-bit sRGB and its largest working size, the detection chain
 * with its settings, the landmark network, alignment to the 150 x 150 chip, the descriptor network, the average over chip and mirror image,
 * and the list of ratios. Descriptors and ratios of different pipelines are never compared; change any of these and this name changes.
 */
export const PIPELINE_ID = 'p1';
