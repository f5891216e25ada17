export { evaluate, type EvaluatedVersion } from './evaluate.js';
export { reportPage } from './page/page.js';
export { evaluationReportSchema, type EvaluationReport } from './report.js';
