export { checkPage, pageOf } from './pages.js';
export type {
  Erasure,
  ErasureRegister,
  Page,
  PageRequest,
  Person,
  Photo,
  PhotoRemoval,
  PhotoToAdd,
  Registry,
  SampleCounts,
} from './ports.js';
