/** Of the images: it writes nowhere but in /tmp. */
const USER = 10001;

/** What a pod of ours may write outside of memory: a bound, and by far more than it writes. */
export const scratch = { name: 'tmp', emptyDir: { sizeLimit: '1Gi' } } as const;

/** Of the pods that are made here. Secrets are mounted for the group alone, so it must be the pod's. */
export const podSecurity = {
  runAsNonRoot: true,
  runAsUser: USER,
  runAsGroup: USER,
  fsGroup: USER,
  seccompProfile: { type: 'RuntimeDefault' },
} as const;
