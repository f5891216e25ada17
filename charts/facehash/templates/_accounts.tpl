{{- define "facehash.operator.account" -}}
{{- with .Values.operator.serviceAccount -}}
{{- if .create -}}
{{- .name | default (printf "%s-operator" (include "facehash.fullname" $)) -}}
{{- else -}}
{{- required "operator.serviceAccount.name is not set, which create=false needs" .name -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "facehash.inference.account" -}}
{{- with .Values.inference.serviceAccount -}}
{{- if .create -}}
{{- .name | default (printf "%s-inference" (include "facehash.fullname" $)) -}}
{{- else -}}
{{- required "inference.serviceAccount.name is not set, which create=false needs" .name -}}
{{- end -}}
{{- end -}}
{{- end -}}
