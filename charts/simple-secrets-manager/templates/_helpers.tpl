{{/* How the names of all objects begin; short enough for what is put behind. */}}
{{- define "ssm.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Which pods belong to a component. Takes (list . "server"). */}}
{{- define "ssm.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ default $root.Chart.Name $root.Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Labels of an object of a component. Takes (list . "server"). */}}
{{- define "ssm.labels" -}}
{{- $root := index . 0 -}}
{{ include "ssm.selector" . }}
app.kubernetes.io/part-of: simple-secrets-manager
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{/* An image's name. Takes (list . .Values.server.image). */}}
{{- define "ssm.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (default $root.Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{/* Who a pod runs as. Takes the user's id, which is the group's, too. */}}
{{- define "ssm.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* What a container may do. */}}
{{- define "ssm.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Where a component's pods may run, and what pulls their images. Takes (list . .Values.server). */}}
{{- define "ssm.placement" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $component.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $component.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $component.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Pods of a Deployment on different nodes, in different zones, where that can be done. Takes (list . "server"). */}}
{{- define "ssm.spread" -}}
topologySpreadConstraints:
  {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "ssm.selector" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end -}}

{{/* A setting's value as a text: numbers come as floats, and large ones would be written with an exponent. */}}
{{- define "ssm.setting" -}}
{{- if kindIs "float64" . -}}{{ int64 . | toString | quote }}{{- else -}}{{ toString . | quote }}{{- end -}}
{{- end -}}

{{/* Who reaches the server and the metrics. */}}
{{- define "ssm.peers" -}}
- podSelector:
    matchLabels:
      app.kubernetes.io/instance: {{ .Release.Name }}
{{- with .Values.networkPolicy.from }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* How to make the Secret with the keys, for those who have none. No key is an argument, which others on the machine could see. */}}
{{- define "ssm.keysCommand" -}}
{{- $storage := .Values.server.storage -}}
printf '%s\n' \
  "ENCRYPTION_KEY=$(openssl rand -base64 32)" \
  "TOKEN_SALT=$(openssl rand -base64 32)" \
  "SSM_SETUP_TOKEN=$(openssl rand -hex 16)" \
{{- if eq $storage.type "mongodb" }}
  "MONGODB_PASSWORD=$(openssl rand -hex 32)" \
{{- else if and (eq $storage.type "external") (not $storage.external.existingSecret) }}
  '{{ $storage.external.key }}=mongodb://user:password@db.example.com/?replicaSet=rs0' \
{{- end }}
  | kubectl -n {{ .Release.Namespace }} create secret generic {{ default "ssm-keys" .Values.server.existingSecret }} --from-env-file=/dev/stdin
{{- end -}}
