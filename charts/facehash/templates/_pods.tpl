{{/* Of pods, as the restricted pod security standard asks for. The images' user is 10001. */}}
{{- define "facehash.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "facehash.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* Where pods of a component run: (list . values "component"). */}}
{{- define "facehash.scheduling" -}}
{{- $root := index . 0 -}}
{{- $of := index . 1 -}}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $of.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $of.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $of.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $of.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* Replicas on different nodes and in different zones, as far as there are any. */}}
{{- define "facehash.spread" -}}
{{- $root := index . 0 -}}
{{- $of := index . 1 -}}
topologySpreadConstraints:
{{- if $of.topologySpreadConstraints }}
  {{- toYaml $of.topologySpreadConstraints | nindent 2 }}
{{- else }}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    # Pods of the version before are not counted.
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- include "facehash.selector" (list $root (index $ 2)) | nindent 8 }}
{{- end }}
{{- end }}
{{- end -}}

{{/*
  Variables of a container: (list own extra), `own` as YAML. Each once, as server-side apply refuses a name that stands twice: what a user says
  of one takes the place of what the chart says.
*/}}
{{- define "facehash.env" -}}
{{- $extra := index . 1 | default list -}}
{{- $said := list -}}
{{- range $extra }}{{ $said = append $said .name }}{{ end -}}
{{- $env := list -}}
{{- range index . 0 | fromYamlArray }}{{ if not (has .name $said) }}{{ $env = append $env . }}{{ end }}{{ end -}}
{{- concat $env $extra | toYaml -}}
{{- end -}}
