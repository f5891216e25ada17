{{/* Where each store is, and how it is asked. A store that is not given and not evaluated is an error that says what to set. */}}

{{/* What is said of the stores, as YAML. The small ones of an evaluation take their place, and of what is said only names within them hold. */}}
{{- define "facehash.stores" -}}
{{- if .Values.evaluation.enabled -}}
{{- dict
  "s3" (dict "bucket" .Values.stores.s3.bucket "addressing" "path" "bucketMissing" "make")
  "mongodb" (dict "database" .Values.stores.mongodb.database)
  "nats" (dict "replicas" 1 "setup" "make"
    "operator" (dict "inboxPrefix" "_INBOX_operator")
    "inference" (dict "inboxPrefix" "_INBOX_inference")) | toYaml -}}
{{- else -}}
{{- toYaml .Values.stores -}}
{{- end -}}
{{- end -}}

{{- define "facehash.s3.endpoint" -}}
{{- if .Values.evaluation.enabled -}}
http://{{ include "facehash.fullname" . }}-minio:9000
{{- else -}}
{{- required "stores.s3.endpoint is not set: the address of an S3 store, as https://s3.example.org (or evaluation.enabled=true for small stores to try it out)" .Values.stores.s3.endpoint -}}
{{- end -}}
{{- end -}}

{{- define "facehash.nats.servers" -}}
{{- if .Values.evaluation.enabled -}}
nats://{{ include "facehash.fullname" . }}-nats:4222
{{- else -}}
{{- required "stores.nats.servers is not set: addresses of NATS, as nats://nats.example.org:4222 (or evaluation.enabled=true)" .Values.stores.nats.servers -}}
{{- end -}}
{{- end -}}

{{- define "facehash.s3.secret" -}}
{{- if .Values.evaluation.enabled -}}
{{ include "facehash.fullname" . }}-evaluation-s3
{{- else -}}
{{- required "stores.s3.existingSecret is not set: the Secret with access-key-id and secret-access-key" .Values.stores.s3.existingSecret -}}
{{- end -}}
{{- end -}}

{{/* (list . "operator" | "inference" | "trainer"); empty where NATS asks for no credentials. */}}
{{- define "facehash.nats.secret" -}}
{{- $root := index . 0 -}}
{{- if $root.Values.evaluation.enabled -}}
{{ include "facehash.fullname" $root }}-evaluation-nats-{{ index . 1 }}
{{- else -}}
{{- (index $root.Values.stores.nats (index . 1)).existingSecret -}}
{{- end -}}
{{- end -}}

{{- define "facehash.s3.env" -}}
{{- $s3 := (include "facehash.stores" . | fromYaml).s3 -}}
- { name: FACEHASH_S3_ENDPOINT, value: {{ include "facehash.s3.endpoint" . | quote }} }
- { name: FACEHASH_S3_BUCKET, value: {{ $s3.bucket | quote }} }
- { name: FACEHASH_S3_ADDRESSING, value: {{ $s3.addressing | quote }} }
- { name: FACEHASH_S3_BUCKET_MISSING, value: {{ $s3.bucketMissing | quote }} }
- { name: FACEHASH_S3_CREDENTIALS_DIR, value: /var/run/facehash/s3 }
{{- with $s3.region }}
- { name: FACEHASH_S3_REGION, value: {{ . | quote }} }
{{- end }}
{{- if $s3.caConfigMap }}
- { name: FACEHASH_S3_CA_FILE, value: /var/run/facehash/s3-ca/ca.crt }
{{- end }}
{{- end -}}

{{/* Of the operator, which asks for the credentials of training runs. */}}
{{- define "facehash.sts.env" -}}
{{- with (include "facehash.stores" . | fromYaml).s3.sts }}
{{- with .endpoint }}
- { name: FACEHASH_S3_STS_ENDPOINT, value: {{ . | quote }} }
{{- end }}
{{- if .roleArn }}
- { name: FACEHASH_S3_STS_ROLE_ARN, value: {{ .roleArn | quote }} }
- { name: FACEHASH_S3_STS_SESSION_SECONDS_MAX, value: {{ .sessionSecondsMax | int | toString | quote }} }
{{- end }}
{{- end }}
{{- end -}}

{{/* (list . "operator" | "inference"). A role hears answers below a prefix of its own, and only the operator's may make streams. */}}
{{- define "facehash.nats.env" -}}
{{- $root := index . 0 -}}
{{- $role := index . 1 -}}
{{- $nats := (include "facehash.stores" $root | fromYaml).nats -}}
{{- $own := index $nats $role -}}
- { name: FACEHASH_NATS_SERVERS, value: {{ include "facehash.nats.servers" $root | quote }} }
- { name: FACEHASH_NATS_REPLICAS, value: {{ $nats.replicas | toString | quote }} }
- { name: FACEHASH_NATS_SETUP, value: {{ ternary $nats.setup "none" (eq $role "operator") | quote }} }
{{- with $own.inboxPrefix }}
- { name: FACEHASH_NATS_INBOX_PREFIX, value: {{ . | quote }} }
{{- end }}
{{- if include "facehash.nats.secret" . }}
{{- if $own.credsKey }}
- { name: FACEHASH_NATS_CREDS_FILE, value: /var/run/facehash/nats/{{ $own.credsKey }} }
{{- else }}
- { name: FACEHASH_NATS_CREDENTIALS_DIR, value: /var/run/facehash/nats }
{{- end }}
{{- end }}
{{- if $nats.caConfigMap }}
- { name: FACEHASH_NATS_CA_FILE, value: /var/run/facehash/nats-ca/ca.crt }
{{- end }}
{{- end -}}

{{- define "facehash.mongodb.env" -}}
{{- $mongodb := (include "facehash.stores" . | fromYaml).mongodb -}}
{{- if .Values.evaluation.enabled }}
- { name: FACEHASH_MONGODB_URL, value: "mongodb://{{ include "facehash.fullname" . }}-mongodb:27017/" }
{{- else if $mongodb.urlSecret.name }}
- name: FACEHASH_MONGODB_URL
  valueFrom: { secretKeyRef: { name: {{ $mongodb.urlSecret.name | quote }}, key: {{ $mongodb.urlSecret.key | quote }} } }
{{- else }}
- { name: FACEHASH_MONGODB_URL, value: {{ required "stores.mongodb.url is not set: the address of MongoDB, as mongodb://mongodb.example.org/ (or stores.mongodb.urlSecret, or evaluation.enabled=true)" $mongodb.url | quote }} }
{{- end }}
{{- with $mongodb.database }}
- { name: FACEHASH_MONGODB_DATABASE, value: {{ . | quote }} }
{{- end }}
{{- if $mongodb.existingSecret }}
- { name: FACEHASH_MONGODB_CREDENTIALS_DIR, value: /var/run/facehash/mongodb }
{{- end }}
{{- if $mongodb.caConfigMap }}
- { name: FACEHASH_MONGODB_CA_FILE, value: /var/run/facehash/mongodb-ca/ca.crt }
{{- end }}
{{- end -}}

{{/* Secrets and authorities of the stores that a role uses, as volumes: a list of {name, secret | configMap}. */}}
{{- define "facehash.stores.volumes" -}}
{{- $root := index . 0 -}}
{{- $role := index . 1 -}}
{{- $stores := include "facehash.stores" $root | fromYaml -}}
- name: s3
  secret: { secretName: {{ include "facehash.s3.secret" $root }}, defaultMode: 288 }
{{- with include "facehash.nats.secret" . }}
- name: nats
  secret: { secretName: {{ . }}, defaultMode: 288 }
{{- end }}
{{- if eq $role "inference" }}
{{- with $stores.mongodb.existingSecret }}
- name: mongodb
  secret: { secretName: {{ . }}, defaultMode: 288 }
{{- end }}
{{- with $stores.mongodb.caConfigMap }}
- name: mongodb-ca
  configMap: { name: {{ . }} }
{{- end }}
{{- end }}
{{- with $stores.s3.caConfigMap }}
- name: s3-ca
  configMap: { name: {{ . }} }
{{- end }}
{{- with $stores.nats.caConfigMap }}
- name: nats-ca
  configMap: { name: {{ . }} }
{{- end }}
{{- end -}}

{{- define "facehash.stores.mounts" -}}
{{- range (include "facehash.stores.volumes" . | fromYamlArray) }}
- { name: {{ .name }}, mountPath: /var/run/facehash/{{ .name }}, readOnly: true }
{{- end }}
{{- end -}}

{{/* How trainers reach the stores, as the operator hands it on. */}}
{{- define "facehash.trainer.env" -}}
{{- $nats := .Values.stores.nats -}}
{{- $secret := include "facehash.nats.secret" (list . "trainer") -}}
{{- if or $secret (not $nats.operator.existingSecret) }}
- { name: FACEHASH_TRAINER_NATS_SERVERS, value: {{ include "facehash.nats.servers" . | quote }} }
{{- end }}
{{- with $secret }}
- { name: FACEHASH_TRAINER_NATS_SECRET, value: {{ . }} }
{{- end }}
{{- if not .Values.evaluation.enabled }}
{{- if and $secret $nats.caConfigMap (not $nats.trainer.caKey) }}
{{- fail "stores.nats.trainer.caKey is not set, which stores.nats.caConfigMap needs: training runs do not get that ConfigMap, so put its ca.crt into the Secret stores.nats.trainer.existingSecret, too, and name its key here" }}
{{- end }}
{{- with $nats.trainer.credsKey }}
- { name: FACEHASH_TRAINER_NATS_CREDS_KEY, value: {{ . | quote }} }
{{- end }}
{{- with $nats.trainer.caKey }}
- { name: FACEHASH_TRAINER_NATS_CA_KEY, value: {{ . | quote }} }
{{- end }}
{{- end }}
{{- end -}}
