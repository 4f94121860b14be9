{{- define "ssm.operator.name" -}}
{{ include "ssm.fullname" . }}-operator
{{- end -}}

{{/* Server of every SecretSync that names none; nothing where there is none. */}}
{{- define "ssm.operator.serverUrl" -}}
{{- if .Values.operator.server.url -}}
{{ .Values.operator.server.url }}
{{- else if .Values.server.enabled -}}
{{ printf "%s://%s:%d" (include "ssm.server.scheme" .) (include "ssm.server.host" .) (int .Values.server.service.port) }}
{{- end -}}
{{- end -}}

{{/* The Secret with the certificates to trust for that server; nothing where the system's are. */}}
{{- define "ssm.operator.caSecret" -}}
{{- if .Values.operator.server.caSecret.name -}}
{{ .Values.operator.server.caSecret.name }}
{{- else if and .Values.server.enabled (not .Values.operator.server.url) -}}
{{ include "ssm.server.tlsSecret" . }}
{{- end -}}
{{- end -}}

{{/* What the operator is set to. Its pods are made anew when it changes. */}}
{{- define "ssm.operator.settings" -}}
{{- $settings := dict "LEASE_NAME" (include "ssm.operator.name" .) "METRICS_ADDR" "0.0.0.0:9090" -}}
{{- with include "ssm.operator.serverUrl" . -}}
{{- $_ := set $settings "SSM_SERVER_URL" . -}}
{{- end -}}
{{- if include "ssm.operator.caSecret" . -}}
{{- $_ := set $settings "SSM_SERVER_CA_FILE" "/ca/ca.crt" -}}
{{- end -}}
{{- with .Values.operator.defaultTokenSecret -}}
{{- $_ := set $settings "DEFAULT_TOKEN_SECRET" . -}}
{{- end -}}
{{- with .Values.operator.watchNamespaces -}}
{{- $_ := set $settings "WATCH_NAMESPACES" (join "," .) -}}
{{- end -}}
{{- if .Values.operator.restart.enabled -}}
{{- $_ := set $settings "RESTART_ENABLED" "true" -}}
{{- end -}}
{{- range $name, $value := mergeOverwrite $settings .Values.operator.settings }}
{{ $name }}: {{ include "ssm.setting" $value }}
{{- end -}}
{{- end -}}

{{/* What every pod of the operator has: who it is, and how it looks at the server and the cluster. */}}
{{- define "ssm.operator.container" -}}
image: {{ include "ssm.image" (list . .Values.operator.image) | quote }}
imagePullPolicy: {{ .Values.operator.image.pullPolicy }}
securityContext:
  {{- include "ssm.securityContext" . | nindent 2 }}
envFrom:
  - configMapRef:
      name: {{ include "ssm.operator.name" . }}
env:
  - name: POD_NAME
    valueFrom: { fieldRef: { fieldPath: metadata.name } }
  - name: POD_NAMESPACE
    valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
resources:
  {{- toYaml .Values.operator.resources | nindent 2 }}
{{- if include "ssm.operator.caSecret" . }}
volumeMounts:
  - name: ca
    mountPath: /ca
    readOnly: true
{{- end }}
{{- end -}}

{{/* The rest of the spec of such a pod. */}}
{{- define "ssm.operator.spec" -}}
serviceAccountName: {{ include "ssm.operator.name" . }}
automountServiceAccountToken: true
enableServiceLinks: false
securityContext:
  {{- include "ssm.podSecurityContext" 65532 | nindent 2 }}
{{- with include "ssm.placement" (list . .Values.operator) }}
{{- . }}
{{- end }}
{{- with include "ssm.operator.caSecret" . }}
volumes:
  - name: ca
    secret:
      secretName: {{ . }}
      items:
        - { key: {{ $.Values.operator.server.caSecret.key | quote }}, path: ca.crt }
{{- end }}
{{- end -}}

{{/* What the operator may do in the namespaces that it serves. */}}
{{- define "ssm.operator.rules" -}}
- apiGroups: [simplesecrets.io]
  resources: [secretsyncs]
  verbs: [get, list, watch]
- apiGroups: [simplesecrets.io]
  resources: [secretsyncs/status]
  verbs: [patch, update]
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: ["", events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- if .Values.operator.restart.enabled }}
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets]
  verbs: [get, list, watch, patch]
{{- end }}
{{- end -}}
