/** Where everything of a model lives in the object store. Immutable but `latest` and `active`, the two pointers. */
export const layout = {
  /** The third pointer, of no model: counts the controllers that there have been. */
  controllerTerm: 'term.json',
  photo: (storageId: string, personId: string, sha256: string) => `${storageId}/photos/${personId}/${sha256}`,
  photosOf: (storageId: string, personId: string) => `${storageId}/photos/${personId}/`,
  landmarks: (storageId: string, pipeline: string, sha256: string) => `${storageId}/stages/${pipeline}/${sha256}.landmarks`,
  features: (storageId: string, pipeline: string, sha256: string) => `${storageId}/stages/${pipeline}/${sha256}.features`,
  stages: (storageId: string) => `${storageId}/stages/`,
  samples: (storageId: string, counter: number) => `${storageId}/samples/${counter}.json`,
  allSamples: (storageId: string) => `${storageId}/samples/`,
  latestSamples: (storageId: string) => `${storageId}/samples/latest.json`,
  part: (storageId: string, sha256: string) => `${storageId}/parts/${sha256}`,
  parts: (storageId: string) => `${storageId}/parts/`,
  manifest: (storageId: string, version: string) => `${storageId}/versions/${version}/manifest.json`,
  versions: (storageId: string) => `${storageId}/versions/`,
  active: (storageId: string) => `${storageId}/active.json`,
  runs: (storageId: string) => `${storageId}/runs/`,
  runReport: (storageId: string, run: string) => `${storageId}/runs/${run}/report.json`,
  /** Of a run whose version was refused; a version that was published has its page among its parts. */
  runReportPage: (storageId: string, run: string) => `${storageId}/runs/${run}/report.html`,
} as const;
