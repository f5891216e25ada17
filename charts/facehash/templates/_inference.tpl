{{/* Variables that all pods have that answer, before what a user adds: (list . values), `values` with the resources of these pods. */}}
{{- define "facehash.inference.env" -}}
{{- $of := index . 1 -}}
{{- with index . 0 -}}
{{- $inference := .Values.inference -}}
- { name: HOST, value: {{ .Values.listenAddress | quote }} }
- { name: BODY_BYTES_MAX, value: {{ mul $inference.requests.bodyMiB 1048576 | toString | quote }} }
- { name: TRAIN_BODY_BYTES_MAX, value: {{ mul $inference.requests.trainBodyMiB 1048576 | toString | quote }} }
- { name: TRAIN_WAIT_SECONDS, value: {{ $inference.requests.trainWaitSeconds | toString | quote }} }
- { name: SHUTDOWN_GRACE_SECONDS, value: {{ $inference.shutdownGraceSeconds | toString | quote }} }
- { name: LOG_LEVEL, value: {{ $inference.logLevel | quote }} }
- { name: VISION_PROCESSES, value: {{ include "facehash.visionProcesses" $of | quote }} }
{{- with .Values.descriptor.description }}
- { name: FACEHASH_DESCRIPTOR, value: {{ . | quote }} }
{{- end }}
{{- with .Values.descriptor.previous }}
- { name: FACEHASH_DESCRIPTOR_PREVIOUS, value: {{ . | quote }} }
{{- end }}
{{- with $inference.otlpEndpoint }}
- { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }} }
{{- end }}
{{ include "facehash.s3.env" . }}
{{ include "facehash.mongodb.env" . }}
{{ include "facehash.nats.env" (list . "inference") }}
{{- end -}}
{{- end -}}

{{/* Left out, a program takes the CPUs that it sees: those of the node, where there is no limit. So it is what the resources say. */}}
{{- define "facehash.visionProcesses" -}}
{{- if .visionProcesses -}}
{{- .visionProcesses -}}
{{- else -}}
{{- $cpu := (.resources.limits | default dict).cpu | default (.resources.requests | default dict).cpu | default 1 | toString -}}
{{- if not (regexMatch "^[0-9]+([.][0-9]+)?m?$" $cpu) -}}
{{- fail (printf "a CPU of %s is neither a number nor one of thousandths, as 2, 1.5 or 500m: write it so, or set visionProcesses beside these resources" $cpu) -}}
{{- end -}}
{{- $cores := ternary (divf (trimSuffix "m" $cpu) 1000) (float64 (trimSuffix "m" $cpu)) (hasSuffix "m" $cpu) -}}
{{- ceil $cores | int | max 1 | min 256 -}}
{{- end -}}
{{- end -}}

{{/* Those of the replicas that all models share. */}}
{{- define "facehash.inference.ownEnv" -}}
- { name: FACEHASH_MODE, value: cluster }
- { name: FACEHASH_REPLICA, valueFrom: { fieldRef: { fieldPath: metadata.uid } } }
{{- /* Set by the operator, where pods are restarted for new versions. */}}
- { name: FACEHASH_ROLLOUT, valueFrom: { fieldRef: { fieldPath: "metadata.annotations['facehash.dev/rollout']" } } }
- { name: PORT, value: '5000' }
- { name: MANAGEMENT_PORT, value: '9090' }
{{ include "facehash.inference.env" (list . .Values.inference) }}
{{- end -}}

{{/* Until every endpoint has been told, until calls under way are over, and longer than the 20 s that the program gives itself to close the rest. */}}
{{- define "facehash.inference.graceSeconds" -}}
{{- add .Values.inference.preStopSeconds .Values.inference.shutdownGraceSeconds 25 -}}
{{- end -}}

{{/* What pods of Dedicated models are made from. */}}
{{- define "facehash.dedicated.template" -}}
{{- $dedicated := .Values.dedicated -}}
image: {{ include "facehash.image" (list . .Values.images.inference) | quote }}
imagePullPolicy: {{ .Values.images.pullPolicy }}
imagePullSecrets:
  {{- toYaml .Values.imagePullSecrets | nindent 2 }}
port: 5000
managementPort: 9090
resources:
  {{- toYaml $dedicated.resources | nindent 2 }}
nodeSelector:
  {{- toYaml $dedicated.nodeSelector | nindent 2 }}
tolerations:
  {{- toYaml $dedicated.tolerations | nindent 2 }}
{{- with $dedicated.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
preStopSeconds: {{ .Values.inference.preStopSeconds }}
terminationGracePeriodSeconds: {{ include "facehash.inference.graceSeconds" . }}
env:
  {{- include "facehash.env" (list (include "facehash.inference.env" (list . $dedicated)) .Values.inference.extraEnv) | nindent 2 }}
{{- with .Values.inference.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  {{- include "facehash.stores.volumes" (list . "inference") | nindent 2 }}
  {{- with .Values.inference.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumeMounts:
  {{- include "facehash.stores.mounts" (list . "inference") | nindent 2 }}
  {{- with .Values.inference.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* How training runs are run: the profiles as the operator reads them, each with an image. */}}
{{- define "facehash.training.profiles" -}}
{{- $root := . -}}
{{- range $name, $profile := .Values.training.profiles }}
{{- $image := include "facehash.image" (list $root (ternary $root.Values.images.trainerGpu $root.Values.images.trainer ($profile.gpu | default false))) }}
{{- $pulled := dict "image" $image "imagePullPolicy" $root.Values.images.pullPolicy }}
{{- $secrets := list }}
{{- range $root.Values.imagePullSecrets }}{{ $secrets = append $secrets .name }}{{ end }}
{{- if $secrets }}{{ $_ := set $pulled "imagePullSecrets" $secrets }}{{ end }}
{{- $own := omit $profile "gpu" }}
{{- with $root.Values.descriptor.description }}{{ $own = set $own "env" (merge ($own.env | default dict) (dict "FACEHASH_DESCRIPTOR" .)) }}{{ end }}
{{ $name }}:
  {{- merge $own $pulled | toYaml | nindent 2 }}
{{- end }}
{{- end -}}
