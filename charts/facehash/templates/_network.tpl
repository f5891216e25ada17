{{/* Egress to peers at ports: (list peers ports). No peers: anywhere. */}}
{{- define "facehash.egress" -}}
- {{ with index . 0 }}to:
    {{- toYaml . | nindent 4 }}
  {{ end }}ports:
    {{- range index . 1 }}
    - { port: {{ . }}, protocol: TCP }
    {{- end }}
{{- end -}}

{{- define "facehash.egress.dns" -}}
- ports:
    {{- range .Values.networkPolicy.ports.dns }}
    - { port: {{ . }}, protocol: UDP }
    - { port: {{ . }}, protocol: TCP }
    {{- end }}
{{- end -}}

{{/* (list . "s3"): the store where it is, or the evaluation's own. */}}
{{- define "facehash.egress.store" -}}
{{- $root := index . 0 -}}
{{- $store := index . 1 -}}
{{- $policy := $root.Values.networkPolicy -}}
{{- if $root.Values.evaluation.enabled -}}
{{- $own := dict "podSelector" (dict "matchLabels" (include "facehash.selector" (list $root (printf "evaluation-%s" $store)) | fromYaml)) -}}
{{- include "facehash.egress" (list (list $own) (list (index (dict "s3" 9000 "mongodb" 27017 "nats" 4222) $store))) -}}
{{- else -}}
{{- include "facehash.egress" (list (index $policy (printf "%sTo" $store)) (index $policy.ports $store)) -}}
{{- end -}}
{{- end -}}

{{- define "facehash.egress.extra" -}}
{{- with .Values.networkPolicy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Ingress at a named port, from peers. No peers: from anywhere. */}}
{{- define "facehash.ingressFrom" -}}
- {{ with index . 0 }}from:
    {{- toYaml . | nindent 4 }}
  {{ end }}ports: [{ port: {{ index . 1 }}, protocol: TCP }]
{{- end -}}
