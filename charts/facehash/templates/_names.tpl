{{/* Of everything in the release: `facehash` where the release's name says it already. */}}
{{- define "facehash.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "facehash.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "facehash.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "facehash.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* What selects pods, and so may never change: (list . "component"). */}}
{{- define "facehash.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "facehash.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "facehash.labels" -}}
{{- $root := index . 0 -}}
{{ include "facehash.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/part-of: facehash
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Of pods: without versions, so that an upgrade restarts only what it changes. */}}
{{- define "facehash.podLabels" -}}
{{ include "facehash.selector" . }}
app.kubernetes.io/part-of: facehash
{{- with (index . 0).Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* `metadata` of an object of the release's namespace: (list . "component" "suffix"); without a suffix the release's own name. */}}
{{- define "facehash.metadata" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
name: {{ include "facehash.fullname" $root }}-{{ index . 2 }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "facehash.labels" (list $root $component) | nindent 2 }}
{{- end -}}

{{/* Of cluster-wide objects, of which two releases may have one each. */}}
{{- define "facehash.clusterName" -}}
{{- printf "%s:%s" .Release.Namespace (include "facehash.fullname" .) -}}
{{- end -}}

{{/* (list . image), image: {registry, repository, tag, digest}. */}}
{{- define "facehash.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $registry := $image.registry | default $root.Values.images.registry -}}
{{- $repository := ternary $image.repository (printf "%s/%s" $registry $image.repository) (empty $registry) -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository ($image.tag | default $root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* Where the test's FaceModel is: one that this operator looks at. */}}
{{- define "facehash.testNamespace" -}}
{{- .Values.operator.watchNamespace | default .Release.Namespace -}}
{{- end -}}
