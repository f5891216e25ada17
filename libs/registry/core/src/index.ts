export { checkPage, pageOf } from './pages.js';
export type { Page, PageRequest, Person, Photo, Registry, SampleCounts } from './ports.js';
