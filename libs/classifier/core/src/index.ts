export { cappedMargin } from './capped-margin.js';
export { centroidsOf, directionOf, type Centroid } from './centroids.js';
export { builtInConstants, decisionConstantsSchema, type DecisionConstants } from './constants.js';
export { decide, type Candidate, type Verdict } from './decide.js';
export { constantsOf, decisionSchema, type Decision } from './decision.js';
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
export { comparePaired, judge, type ActiveVersion, type GateFinding, type PairedComparison } from './gate.js';
export { acceptLimit, strangerScoresOf, type StrangerScores } from './stranger-scores.js';
export { spoilers, type Spoiler } from './spoilers.js';
export type { FitOptions, KeyModel, ModelBackend, ModelParts, ModelShape, Prediction, TrainingSample } from './ports.js';
export { probit } from './probit.js';
export { verifyPair, verifyPerson, type Verification } from './verify.js';
