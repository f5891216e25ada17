export { cappedMargin } from './capped-margin.js';
export { centroidsOf, directionOf, type Centroid } from './centroids.js';
export { decide, type Candidate, type Verdict } from './decide.js';
export { decisionSchema, type Decision } from './decision.js';
export {
  evaluationOf,
  evaluationSchema,
  outOfFold,
  summaryOf,
  type Evaluation,
  type EvaluationSummary,
  type OutOfFoldResult,
} from './evaluation.js';
export { foldOf } from './folds.js';
export { comparePaired, judge, type GateFinding, type PairedComparison } from './gate.js';
export { acceptLimit, strangerScoresOf, type StrangerScores } from './stranger-scores.js';
export { spoilers, type Spoiler } from './spoilers.js';
export type { FitOptions, KeyModel, ModelBackend, ModelParts, Prediction, TrainingSample } from './ports.js';
export { probit } from './probit.js';
