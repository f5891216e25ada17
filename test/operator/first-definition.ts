/** A resource definition as an earlier release might have had it: fewer fields, another bound, no rules, no status to speak of. */
export const firstDefinition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: facemodels.facehash.dev }
spec:
  group: facehash.dev
  scope: Namespaced
  names: { kind: FaceModel, listKind: FaceModelList, plural: facemodels, singular: facemodel }
  versions:
    - name: v1alpha1
      served: true
      storage: true
      subresources: { status: {} }
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                displayName: { type: string }
                storageId: { type: string, nullable: true }
                limits:
                  type: object
                  properties:
                    burst: { type: integer }
                    requestsPerSecond: { type: number, nullable: true }
                training:
                  type: object
                  properties:
                    retries: { type: integer, default: 3 }
                suspend: { type: boolean }
            status:
              type: object
              properties:
                phase: { type: string }
`;
