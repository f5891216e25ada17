{{/* Variables of the operator, before what a user adds. */}}
{{- define "facehash.operator.env" -}}
{{- $operator := .Values.operator -}}
- { name: HOST, value: {{ .Values.listenAddress | quote }} }
- { name: FACEHASH_OPERATOR_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
- { name: FACEHASH_PLATFORM_NAMESPACE, valueFrom: { fieldRef: { fieldPath: metadata.namespace } } }
- { name: FACEHASH_LEASE_NAME, value: {{ include "facehash.fullname" . }}-operator }
{{- with $operator.watchNamespace }}
- { name: FACEHASH_WATCH_NAMESPACE, value: {{ . | quote }} }
{{- end }}
- { name: FACEHASH_TRAINING_PROFILES_FILE, value: /etc/facehash/training/profiles.yaml }
{{- /* Alone, either makes every training run fail: trainers describe faces by the one, and the operator asks for the other. */}}
{{- if ne (empty .Values.descriptor.description) (empty .Values.descriptor.pipeline) }}
{{- fail "descriptor.description and descriptor.pipeline belong together: the path of the description in pods, and the name of the pipeline that it makes, as arcface-1f3a9c02 (docs/own-network.md says how to get it)" }}
{{- end }}
{{- with .Values.descriptor.pipeline }}
- { name: FACEHASH_PIPELINE, value: {{ . | quote }} }
{{- end }}
- { name: FACEHASH_TRAINING_RUNS_MAX, value: {{ .Values.training.runsMax | toString | quote }} }
- { name: FACEHASH_INFERENCE_SELECTOR, value: "app.kubernetes.io/instance={{ .Release.Name }},app.kubernetes.io/component=inference" }
{{- if .Values.dedicated.enabled }}
- { name: FACEHASH_DEDICATED_TEMPLATE_FILE, value: /etc/facehash/dedicated/template.yaml }
{{- end }}
{{- if .Values.inference.restartPods }}
- { name: FACEHASH_INFERENCE_DEPLOYMENT, value: {{ include "facehash.fullname" . }}-inference }
{{- end }}
- { name: FACEHASH_RECONCILE_WORKERS, value: {{ $operator.reconcileWorkers | toString | quote }} }
- { name: FACEHASH_KUBERNETES_CALLS_PER_SECOND, value: {{ $operator.callsPerSecond | toString | quote }} }
- { name: FACEHASH_DELETION_DEADLINE_SECONDS, value: {{ $operator.deletionDeadlineSeconds | toString | quote }} }
- { name: LOG_LEVEL, value: {{ $operator.logLevel | quote }} }
{{ include "facehash.s3.env" . }}
{{- with (include "facehash.stores" . | fromYaml).s3.caConfigMap }}
{{- /* For training runs, which have files of their own. */}}
- { name: FACEHASH_S3_CA_CONFIGMAP, value: {{ . | quote }} }
{{- end }}
{{- with include "facehash.sts.env" . }}{{ . }}{{ end }}
{{ include "facehash.nats.env" (list . "operator") }}
{{ include "facehash.trainer.env" . }}
{{- end -}}
